"""A page needs as many statements for 200 rows as for 10."""

from __future__ import annotations

import pytest

from tests.api.statements import (
    KEY,
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
            TAG,
            "SELECT todos_todo",  # the page, with the labels of its rows
        ],
    ),
    "todos?state=open&count=true": (
        "todos",
        "owner",
        [
            KEY,
            TAG,
            "SELECT todos_todo",  # the page, with the labels of its rows
            "SELECT todos_todolist",  # the total that the lists keep
        ],
    ),
    "lists": (
        "lists",
        "owner",
        [KEY, TAG, "SELECT todos_todolist"],  # the page
    ),
    "lists/{list}/members": (
        "members",
        "owner",
        [
            KEY,
            "SELECT todos_todolist",  # the list, if the person sees it
            "SELECT todos_membership",  # the page, people included
        ],
    ),
    "labels": (
        "labels",
        "owner",
        [KEY, TAG, "SELECT todos_label"],  # the page
    ),
    "todos/{todo}/comments": (
        "comments",
        "owner",
        [
            KEY,
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
            "SELECT todos_todo",  # the todo, if the person sees it
            "SELECT todos_todolist",  # whose events may be shown
            TAG,
            "SELECT core_event",  # the page
        ],
    ),
    "me/keys": (
        "keys",
        "owner",
        [KEY, "SELECT accounts_apikey"],  # the page
    ),
    "users": (
        "members",
        "owner",
        [KEY, "SELECT accounts_user"],  # the page
    ),
    "users?ordering=-created_at": (
        "members",
        "administrator",
        [KEY, "SELECT accounts_user"],  # the page
    ),
    "events": (
        "labels",
        "administrator",
        [
            KEY,
            "SELECT core_event",  # the page
            "SELECT todos_todolist",  # whose changes may be shown
        ],
    ),
    "roles": (
        "roles",
        "administrator",
        [
            KEY,
            "SELECT auth_group",  # the page
            "SELECT auth_group_permissions",  # the permissions of all its rows
            "SELECT django_content_type",  # the apps of these
        ],
    ),
    "permissions": (
        "permissions",
        "administrator",
        [KEY, "SELECT auth_permission"],  # the page
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
    assert statements(owner_api, "get", "todos") == [KEY, TAG]
