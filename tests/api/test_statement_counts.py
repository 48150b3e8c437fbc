"""How many statements an answer costs: as many for 200 rows as for 10."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from accounts.services.keys import issue_key
from tests.conftest import NOW, make_person
from todos.models import MemberRole, Todo
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo, finish_todo, reopen_todo

# What every request costs before it is about anything.
KEY = "SELECT accounts_apikey"  # the key and its person, in one
PERMISSIONS = "SELECT auth_permission"  # what the person's roles grant
TAG = "SELECT accounts_user"  # access version and sum of revisions, for the ETag


@pytest.fixture
def statements(owner_api, administrator_api):
    """Return a function that tells the statements of a request, by their tables."""
    for api in (owner_api, administrator_api):
        api.get("/api/v1/me")  # notes the use of the key, which happens once a minute

    def ask(api, method, path, body=None):
        with CaptureQueriesContext(connection) as captured:
            answer = getattr(api, method)(f"/api/v1/{path}", body)
        assert answer.status_code < 300, answer.content
        return [name_of(query["sql"]) for query in captured.captured_queries]

    return ask


def name_of(sql):
    """Return the verb and the first table of a statement: SELECT todos_todo."""
    words = sql.replace('"', " ").replace("(", " ").split()
    if "LATERAL" in words:
        return "SELECT todos_todo"  # PostgreSQL merges the page from its lists
    tables = [
        word for word in words if word.startswith(("todos_", "accounts_", "auth_"))
    ]
    tables += [word for word in words if word.startswith("django_")]
    return " ".join([words[0], *tables[:1]]).partition(".")[0]


class Filler:
    """Makes many rows of one kind."""

    def __init__(self, owner, todo_list, todo):
        self.owner, self.todo_list, self.todo = owner, todo_list, todo

    def todos(self, count):
        labels = [self.label(f"{count} {number}") for number in range(2)]
        for number in range(count):
            self.add(number, labels=labels, assignee=self.owner, parent=self.todo)

    def add(self, number, **fields):
        add_todo(
            actor=self.owner,
            todo_list=self.todo_list,
            content=f"todo {number}",
            now=NOW + timedelta(seconds=number),
            **fields,
        )

    def label(self, name):
        return add_label(actor=self.owner, todo_list=self.todo_list, name=name, now=NOW)

    def labels(self, count):
        for number in range(count):
            self.label(f"label {count} {number}")

    def lists(self, count):
        for number in range(count):
            add_list(actor=self.owner, name=f"list {number}", now=NOW)

    def members(self, count):
        for number in range(count):
            share_list(
                actor=self.owner,
                todo_list=self.todo_list,
                user=make_person(f"member-{count}-{number}"),
                role=MemberRole.VIEWER,
                now=NOW,
            )

    def comments(self, count):
        for number in range(count):
            add_comment(actor=self.owner, todo=self.todo, text=str(number), now=NOW)

    def history(self, count):
        for _ in range(count // 2):
            finish_todo(actor=self.owner, todo=self.todo, now=NOW)
            reopen_todo(actor=self.owner, todo=self.todo, now=NOW)

    def keys(self, count):
        for number in range(count):
            issue_key(actor=self.owner, user=self.owner, name=f"k{number}", now=NOW)

    def roles(self, count):
        permissions = list(Permission.objects.all()[:5])
        for number in range(count):
            role = Role.objects.create(name=f"role {count} {number}")
            role.permissions.set(permissions)

    def permissions(self, count):
        kind = ContentType.objects.get_for_model(Todo)
        Permission.objects.bulk_create(
            Permission(content_type=kind, codename=f"do-{count}-{n}", name=f"Do {n}")
            for n in range(count)
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
            "SELECT accounts_event",  # the page
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
            "SELECT accounts_event",  # the page
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
def test_a_list_costs_as_much_with_200_rows_as_with_10(
    statements, owner_api, administrator_api, owner, todo_list, todo, path
):
    kind, person, expected = LISTS[path]
    api = {"owner": owner_api, "administrator": administrator_api}[person]
    address = path.format(list=todo_list.pk, todo=todo.pk)
    address += "&page_size=200" if "?" in path else "?page_size=200"
    fill = getattr(Filler(owner, todo_list, todo), kind)
    shown = []
    for count in (10, 190):
        fill(count)
        assert statements(api, "get", address) == expected
        shown.append(len(api.get(f"/api/v1/{address}").json()["results"]))
    assert shown[0] >= 10
    assert shown[1] == 200


def test_a_list_that_did_not_change_is_not_read(owner_api, statements, todo):
    owner_api.credentials(
        **owner_api._credentials,
        HTTP_IF_NONE_MATCH=owner_api.get("/api/v1/todos")["ETag"],
    )
    with CaptureQueriesContext(connection) as captured:
        assert owner_api.get("/api/v1/todos").status_code == 304
    names = [name_of(query["sql"]) for query in captured.captured_queries]
    assert names == [KEY, PERMISSIONS, TAG]


LOCK = [
    "SAVEPOINT",
    "SELECT todos_todolist",  # the list, locked
    "SELECT todos_membership",  # the person's role in it
    "SELECT todos_todo",  # the row as it is now
]
RECORD = [
    "UPDATE todos_todolist",  # its revision
    "INSERT accounts_event",
    "INSERT accounts_outboxentry",
    "RELEASE",
]
SHOW = ["SELECT todos_label"]  # the labels in the answer


def test_adding_to_the_inbox(statements, owner_api, owner):
    assert statements(owner_api, "post", "todos", {"content": "x"}) == [
        KEY,
        PERMISSIONS,
        "SAVEPOINT",
        "SAVEPOINT",
        "SELECT todos_todolist",  # the inbox
        "RELEASE",
        "SELECT todos_todolist",  # the inbox, locked
        "SELECT todos_membership",  # the person's role in it
        "INSERT todos_todo",
        *RECORD,
        *SHOW,
    ]


@pytest.mark.parametrize("count", [1, 50])
def test_adding_with_labels_costs_as_much_with_many(
    statements, owner_api, owner, todo_list, todo, count
):
    fill = Filler(owner, todo_list, todo)
    labels = [str(fill.label(f"label {number}").pk) for number in range(count)]
    body = {"content": "x", "list": str(todo_list.pk), "labels": labels}
    assert statements(owner_api, "post", "todos", body) == [
        KEY,
        PERMISSIONS,
        "SELECT todos_todolist",  # the list, if the person sees it
        "SELECT todos_label",  # all labels that are named, if the person sees them
        "SAVEPOINT",
        "SELECT todos_todolist",  # the list, locked
        "SELECT todos_membership",  # the person's role in it
        "SELECT todos_label",  # the labels of the list, under the lock
        "INSERT todos_todo",
        "SELECT todos_label",  # which labels it carries: none
        "INSERT todos_todo_labels",
        *RECORD,
        *SHOW,
    ]


def test_finishing_and_finishing_again(statements, owner_api, todo):
    before = [
        KEY,
        PERMISSIONS,
        "SELECT todos_todo",  # the todo, if the person sees it
        *LOCK,
    ]
    path = f"todos/{todo.pk}/finish"
    first = statements(owner_api, "put", path)
    assert first == [*before, "UPDATE todos_todo", *RECORD, *SHOW]
    again = statements(owner_api, "put", path)
    assert again == [*before, "RELEASE", *SHOW]
