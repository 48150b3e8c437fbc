"""Helpers of the tests of todos."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from core.models import Event
from tests.conftest import NOW
from todos.models import Label, Membership, Todo, TodoList
from todos.services.labels import add_label
from todos.services.todos import add_todo


def put(
    user: User,
    todo_list: TodoList | None,
    content: str = "Something",
    now: datetime = NOW,
    **fields: Any,
) -> Todo:
    """Add a todo."""
    return add_todo(actor=user, todo_list=todo_list, content=content, now=now, **fields)


def chain(user: User, todo_list: TodoList, depth: int) -> list[Todo]:
    """Add a todo with subtasks below each other; the root comes first."""
    line: list[Todo] = []
    for level in range(depth):
        parent = line[-1] if line else None
        line.append(put(user, todo_list, f"Level {level + 1}", parent=parent))
    return line


def label(user: User, todo_list: TodoList, name: str) -> Label:
    return add_label(actor=user, todo_list=todo_list, name=name, now=NOW)


def member(todo_list: TodoList, user: User) -> Membership:
    return Membership.objects.get(list=todo_list, user=user)


def fresh(row: Any) -> Any:
    """Return the row as it is now, trashed or not."""
    return type(row)._base_manager.get(pk=row.pk)


def verbs(row: Any) -> list[str]:
    """Return the verbs of all events about the row, oldest first."""
    recorded = Event.objects.filter(resource_id=str(row.pk))
    return [event.verb for event in recorded.order_by("stream_id", "seq", "pk")]


def last_event(row: Any) -> Event:
    """Return the newest event about the row."""
    recorded = Event.objects.filter(resource_id=str(row.pk))
    return recorded.order_by("pk").last()  # type: ignore[return-value]


def contents(todo_list: TodoList) -> list[str]:
    """Return the contents of the list's todos in the order of their ranks."""
    rows = Todo.objects.filter(list=todo_list).order_by("rank", "pk")
    return list(rows.values_list("content", flat=True))


def counters_of(todo_list: TodoList) -> tuple[int, int, int]:
    """Return how many open, finished and trashed todos the list counts."""
    kept = fresh(todo_list)
    assert kept.is_counted
    return kept.open_count, kept.finished_count, kept.trashed_count


def numbers_of(todo_list: TodoList) -> tuple[int, int, int]:
    """Return how many open, finished and trashed todos the list has."""
    todos: Any = Todo.with_trash.filter(list=todo_list)
    states = [todos.in_state(state) for state in ("open", "finished", "trashed")]
    open_, finished, trashed = (rows.count() for rows in states)
    return open_, finished, trashed
