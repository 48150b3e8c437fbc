"""A page needs as many statements for 200 rows as for 10."""

from __future__ import annotations

import pytest

from tests.api.statements import (
    KEY,
    PERMISSIONS,
    TAG,
    Filler,
    gather_statistics,
    statements,
)

LISTS = {
    "todos": (
        "todos",
        "owner",
        [
            KEY,
            PERMISSIONS,
            TAG,
            "SELECT todos_todo",  # the page
            "SELECT todos_todo_labels",  # the labels of all its rows
        ],
    ),
    "todos?state=open&count=true": (
        "todos",
        "owner",
        [
            KEY,
            PERMISSIONS,
            TAG,
            "SELECT todos_todo",  # the page
            "SELECT todos_todo_labels",  # the labels of all its rows
            "SELECT todos_todo",  # the count
        ],
    ),
    "lists": (
        "lists",
        "owner",
        [KEY, PERMISSIONS, TAG, "SELECT todos_todolist"],  # the page
    ),
    "lists/{list}/members": (
        "members",
        "owner",
        [
            KEY,
            PERMISSIONS,
            "SELECT todos_todolist",  # the list, if the person sees it
            "SELECT todos_membership",  # the page, people included
        ],
    ),
    "labels": (
        "labels",
        "owner",
        [KEY, PERMISSIONS, TAG, "SELECT todos_label"],  # the page
    ),
    "todos/{todo}/comments": (
        "comments",
        "owner",
        [
            KEY,
            PERMISSIONS,
            "SELECT todos_todo",  # the todo, if the person sees it
            TAG,
            "SELECT todos_comment",  # the page
        ],
    ),
    "todos/{todo}/history": (
        "history",
        "owner",
        [
            KEY,
            PERMISSIONS,
            "SELECT todos_todo",  # the todo, if the person sees it
            "SELECT todos_todolist",  # whose events may be shown
            TAG,
            "SELECT core_event",  # the page
        ],
    ),
    "me/keys": (
        "keys",
        "owner",
        [KEY, PERMISSIONS, "SELECT accounts_apikey"],  # the page
    ),
    "users": (
        "members",
        "owner",
        [KEY, PERMISSIONS, "SELECT accounts_user"],  # the page
    ),
    "users?ordering=-created_at": (
        "members",
        "administrator",
        [KEY, PERMISSIONS, "SELECT accounts_user"],  # the page
    ),
    "events": (
        "labels",
        "administrator",
        [
            KEY,
            PERMISSIONS,
            "SELECT core_event",  # the page
            "SELECT todos_todolist",  # whose changes may be shown
        ],
    ),
    "roles": (
        "roles",
        "administrator",
        [
            KEY,
            PERMISSIONS,
            "SELECT auth_group",  # the page
            "SELECT auth_group_permissions",  # the permissions of all its rows
            "SELECT django_content_type",  # the apps of these
        ],
    ),
    "permissions": (
        "permissions",
        "administrator",
        [KEY, PERMISSIONS, "SELECT auth_permission"],  # the page
    ),
}


@pytest.mark.parametrize("path", LISTS)
def test_a_page_of_200_rows_needs_as_many_queries_as_one_of_10(
    owner_api, administrator_api, owner, todo_list, todo, path
):
    kind, person, expected = LISTS[path]
    api = {"owner": owner_api, "administrator": administrator_api}[person]
    address = path.format(list=todo_list.pk, todo=todo.pk)
    address += "&page_size=200" if "?" in path else "?page_size=200"
    fill = getattr(Filler(owner, todo_list, todo), kind)
    shown = []
    for count in (10, 190):
        fill(count)
        gather_statistics()
        assert statements(api, "get", address) == expected
        shown.append(len(api.get(f"/api/v1/{address}").json()["results"]))
    assert shown[0] >= 10
    assert shown[1] == 200


def test_an_unchanged_collection_is_not_read(owner_api, todo):
    owner_api.credentials(
        **owner_api._credentials,
        HTTP_IF_NONE_MATCH=owner_api.get("/api/v1/todos")["ETag"],
    )
    assert statements(owner_api, "get", "todos") == [KEY, PERMISSIONS, TAG]
