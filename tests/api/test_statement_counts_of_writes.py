"""How many statements a write needs, and what each is for."""

from __future__ import annotations

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
        "SELECT todos_label",  # the labels of the list, under the lock
        "SELECT todos_label",  # their names, for searching
        "INSERT todos_todo",
        "SELECT todos_label",  # which labels it has: none
        "INSERT todos_todo_labels",
        *RECORD,
        *SHOW,
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
