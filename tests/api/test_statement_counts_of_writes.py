"""How many statements a write needs, and what each is for."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.api.statements import KEY, Filler, statements

LOCK = [
    "SAVEPOINT",
    "SELECT todos_todolist",  # the list, locked
    "SELECT todos_membership",  # the person's role in it
    "SELECT todos_todo",  # the row as it is now
]
RECORD = [
    "UPDATE todos_todolist",  # its revision
    "INSERT core_event",
    "RELEASE",
]
SHOW = ["SELECT todos_label"]  # the labels in the answer


def test_adding_to_the_inbox_needs_a_fixed_number_of_queries(owner_api, owner):
    assert statements(owner_api, "post", "todos", {"content": "x"}) == [
        KEY,
        "SAVEPOINT",
        "SELECT todos_todolist",  # the inbox
        "SELECT todos_todolist",  # the inbox, locked
        "SELECT todos_membership",  # the person's role in it
        "INSERT todos_todo",
        *RECORD,
    ]


@pytest.mark.parametrize("count", [1, 50])
def test_adding_many_labels_needs_as_many_queries_as_one(
    owner_api, owner, todo_list, todo, count
):
    fill = Filler(owner, todo_list, todo)
    labels = [str(fill.label(f"label {number}").pk) for number in range(count)]
    body = {"content": "x", "list": str(todo_list.pk), "labels": labels}
    assert statements(owner_api, "post", "todos", body) == [
        KEY,
        "SELECT todos_todolist",  # the list, if the person sees it
        "SELECT todos_label",  # all labels that are named, if the person sees them
        "SAVEPOINT",
        "SELECT todos_todolist",  # the list, locked
        "SELECT todos_membership",  # the person's role in it
        "SELECT todos_label",  # the labels with their names, under the lock
        "INSERT todos_todo",
        "INSERT todos_todo_labels",
        *RECORD,
    ]


@pytest.mark.parametrize("count", [10, 1000])
def test_adding_a_thousand_todos_needs_as_many_queries_as_ten(
    owner_api, owner, todo_list, todo, count
):
    label = Filler(owner, todo_list, todo).label("label")
    todos = [
        {
            "list": str(todo_list.pk),
            "content": f"{number}",
            "id": str(uuid4()),
            "parent": str(todo.pk),
            "assignee": str(owner.pk),
            "labels": [str(label.pk)],
        }
        for number in range(count)
    ]
    todos += [{"content": f"{number}"} for number in range(count // 10)]
    assert statements(owner_api, "post", "todos/bulk", {"todos": todos[-count:]}) == [
        KEY,
        # All rows that are named, if the person sees them.
        "SELECT todos_todolist",
        "SELECT todos_todo",
        "SELECT accounts_user",
        "SELECT todos_label",
        "SAVEPOINT",
        "SELECT todos_todolist",  # the inbox
        "SELECT todos_todolist",  # the lists, locked
        "SELECT todos_membership",  # the person's role in them
        # The rows as they are under the lock.
        "SELECT todos_todo",  # the parents, by level
        "SELECT todos_membership",  # the assignees
        "SELECT todos_label",
        "SELECT todos_todo",  # the ids that are taken
        "SELECT todos_todo",  # the uids that are taken
        "INSERT todos_todo",
        "INSERT todos_todo_labels",
        "UPDATE todos_todolist",  # the revision of the list
        "UPDATE todos_todolist",  # the revision of the inbox
        "INSERT core_event",
        "RELEASE",
    ]


def test_finishing_needs_a_fixed_number_of_queries_and_repeating_it_fewer(
    owner_api, todo
):
    before = [
        KEY,
        "SELECT todos_todo",  # the todo, if the person sees it
        *LOCK,
    ]
    path = f"todos/{todo.pk}/finish"
    first = statements(owner_api, "put", path)
    assert first == [*before, "UPDATE todos_todo", *RECORD, *SHOW]
    again = statements(owner_api, "put", path)
    assert again == [*before, "RELEASE", *SHOW]
