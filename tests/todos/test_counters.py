"""Lists count their todos; the numbers are right after any change."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from tests.conftest import NOW
from tests.todos.helpers import chain, counters_of, fresh, numbers_of, put
from tests.todos.threads import in_background, refusals, together
from todos.models import Membership, Todo, TodoList
from todos.reads import number_of_todos
from todos.services.lists import add_list, inbox_of, restore_list, trash_list
from todos.services.maintenance import COUNTED, count_todos
from todos.services.todos import add_todos, edit_todo, finish_todo, reopen_todo
from todos.services.trash import (
    purge_list,
    purge_list_trash,
    restore_todo,
    trash_todo,
)
from todos.tasks import count_todos as count_todos_task

TODOS = "/api/v1/todos?count=true"
STATES = ("state=open", "state=finished", "state=trashed", "")


def raw(todo_list: TodoList) -> Any:
    return TodoList.objects.filter(pk=todo_list.pk)


def finish_as_previous_release(todo_list: TodoList) -> None:
    """Finish a todo and raise the revision, but count nothing."""
    todo = Todo.objects.filter(list=todo_list, is_finished=False)[0]
    Todo.objects.filter(pk=todo.pk).update(is_finished=True, finished_at=NOW)
    raw(todo_list).update(revision=F("revision") + 1)


def totals(api: Any, *queries: str) -> list[int]:
    return [api.get(f"{TODOS}&{query}").json()["count"] for query in queries]


def test_todos_added_in_bulk_are_counted_in_each_list(owner, todo_list):
    todos: list[Any] = [{"content": f"{n}", "todo_list": todo_list} for n in range(3)]
    add_todos(actor=owner, todos=[*todos, {"content": "in the inbox"}], now=NOW)
    assert counters_of(todo_list) == (3, 0, 0)
    assert counters_of(inbox_of(owner, now=NOW)) == (1, 0, 0)


def test_subtasks_are_counted_wherever_they_go(owner, todo_list):
    root, middle, leaf = chain(owner, todo_list, 3)
    finish_todo(actor=owner, todo=middle, now=NOW)
    trash_todo(actor=owner, todo=leaf, now=NOW)
    assert counters_of(todo_list) == (1, 1, 1)
    other = add_list(actor=owner, name="Other", now=NOW)
    edit_todo(actor=owner, todo=root, todo_list=other, now=NOW)
    assert counters_of(todo_list) == (0, 0, 0)
    assert counters_of(other) == (1, 1, 1)
    later = NOW.replace(year=2027)
    trash_todo(actor=owner, todo=fresh(root), now=later)
    assert counters_of(other) == (0, 0, 3)
    restore_todo(actor=owner, todo=fresh(middle), now=NOW)
    assert counters_of(other) == numbers_of(other) == (0, 1, 2)


def test_purged_todos_are_not_counted(owner, todo_list):
    root, middle, _leaf = chain(owner, todo_list, 3)
    trash_todo(actor=owner, todo=middle, now=NOW)
    later = NOW.replace(year=2027)
    purge_list_trash(todo_list=todo_list, before=later, now=later)
    assert counters_of(todo_list) == (1, 0, 0)
    # With a list in the trash, its active todos are purged, too.
    trash_list(actor=owner, todo_list=fresh(todo_list), now=NOW)
    purge_list_trash(todo_list=todo_list, before=later, now=later)
    assert not Todo.with_trash.filter(pk=root.pk).exists()
    assert counters_of(todo_list) == (0, 0, 0)


def test_totals_are_those_of_the_lists_that_a_person_sees(
    owner, owner_api, viewer, outsider_api, todo_list, todo
):
    finish_todo(actor=owner, todo=put(owner, todo_list), now=NOW)
    trash_todo(actor=owner, todo=put(owner, todo_list), now=NOW)
    put(owner, None, "in the inbox")
    of_list = f"list={todo_list.pk}"
    assert totals(owner_api, *STATES) == [2, 1, 1, 3]
    assert totals(owner_api, of_list, f"{of_list}&state=trashed") == [2, 1]
    assert totals(outsider_api, *STATES, of_list) == [0, 0, 0, 0, 0]
    trash_list(actor=owner, todo_list=todo_list, now=NOW)
    assert totals(owner_api, *STATES, of_list) == [1, 0, 0, 1, 0]
    restore_list(actor=owner, todo_list=todo_list, now=NOW)
    assert totals(owner_api, *STATES, of_list) == [2, 1, 1, 3, 2]
    purge_list(todo_list=todo_list, now=NOW)
    assert totals(owner_api, *STATES) == [1, 0, 0, 1]


def test_totals_come_from_the_counters(owner_api, todo_list, todo):
    raw(todo_list).update(open_count=1_000_000, finished_count=20)
    own = f"list={todo_list.pk}"
    assert totals(owner_api, *STATES[:2], "", own) == [1_000_000, 20, *[1_000_020] * 2]
    # Other filters count the todos that match.
    assert totals(owner_api, "priority=0", f"{own}&due=none") == [1, 1]


def test_after_writes_of_the_previous_release_todos_are_counted(
    owner, owner_api, todo_list
):
    for _number in range(3):
        put(owner, todo_list)
    finish_as_previous_release(todo_list)
    assert totals(owner_api, *STATES) == [2, 1, 0, 3]
    # This release leaves the counters as they are: it does not know what is missing.
    finish_todo(actor=owner, todo=put(owner, todo_list), now=NOW)
    assert not fresh(todo_list).is_counted
    assert totals(owner_api, *STATES, f"list={todo_list.pk}") == [2, 2, 0, 4, 4]

    count_todos_task.apply()
    assert counters_of(todo_list) == (2, 2, 0)
    reopen_todo(actor=owner, todo=Todo.objects.finished()[0], now=NOW)
    assert counters_of(todo_list) == numbers_of(todo_list) == (3, 1, 0)


def test_the_task_counts_the_todos_of_all_lists_from_before_the_upgrade(owner):
    lists = [add_list(actor=owner, name=f"{n}", now=NOW) for n in range(COUNTED + 5)]
    for number, todo_list in enumerate(lists[-3:], start=1):
        add_todos(
            actor=owner,
            todos=[{"content": "x", "todo_list": todo_list}] * number,
            now=NOW,
        )
    TodoList.objects.update(counted_revision=None, open_count=0)
    count_todos_task.apply()
    assert not TodoList.objects.uncounted().exists()
    assert [counters_of(todo_list)[0] for todo_list in lists[-4:]] == [0, 1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_concurrent_changes_are_all_counted(owner, todo_list):
    other = add_list(actor=owner, name="Other", now=NOW)
    todos = [put(owner, todo_list, f"{number}") for number in range(8)]

    def live(todo: Todo) -> None:
        finish_todo(actor=owner, todo=todo, now=NOW)
        edit_todo(actor=owner, todo=todo, todo_list=other, now=NOW)
        trash_todo(actor=owner, todo=fresh(todo), now=NOW)
        restore_todo(actor=owner, todo=fresh(todo), now=NOW)
        put(owner, fresh(other))

    def count() -> None:
        for _time in range(10):
            count_todos(ids=[todo_list.pk, other.pk])

    answers = together(*(partial(live, todo) for todo in todos[:6]), count, count)
    assert refusals(answers) == []
    assert counters_of(todo_list) == numbers_of(todo_list) == (2, 0, 0)
    assert counters_of(other) == numbers_of(other) == (6, 6, 0)


@pytest.mark.django_db(transaction=True)
def test_counting_waits_for_a_change_that_is_not_committed(owner, todo_list):
    raw(todo_list).update(counted_revision=None)
    with transaction.atomic():
        put(owner, todo_list)
        wait = in_background(partial(count_todos, ids=[todo_list.pk]))
    assert wait() == 1
    assert counters_of(todo_list) == (1, 0, 0)


def test_members_without_todos_have_no_todos(viewer):
    Membership.objects.filter(user=viewer).delete()
    assert number_of_todos(viewer, None) == 0
