"""The todos and lists of the home page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import prefetch_related_objects

from accounts.models import User
from core.scoping import Order
from todos.admin.base import with_own_list
from todos.admin.cells import with_cells
from todos.admin.colours import dot
from todos.due import Period
from todos.models import Todo, TodoList
from todos.querysets import TodoQuerySet

MAX_TODOS = 10  # per section
MAX_LISTS = 24
BY_DUE = Order("due_key")


def dashboard(user: User, now: datetime) -> dict[str, Any]:
    """Return the todos that are overdue, due today, due soon or the user's own.

    Each of the first three has what the filter of its name shows, without what an
    earlier one shows.
    """
    today, end_of_week = Period.WEEK.days(now.date())
    todos = Todo.objects.visible_to(user).open()
    ahead = todos.not_overdue(now)
    boxes = {
        "overdue": _first(todos.overdue(now)),
        "today": _first(ahead.due_between(*Period.TODAY.days(today))),
        "soon": _first(ahead.due_between(today + timedelta(days=1), end_of_week)),
        "mine": _first(todos.filter(assignee=user)),
    }
    rows = [todo for box in boxes.values() for todo in box]
    prefetch_related_objects(rows, with_own_list(user))
    for name, box in boxes.items():
        with_cells(box, now, place=f"{name}-")
    return boxes | {"now": now, "lists": _lists(user)}


def _lists(user: User) -> list[Any]:
    lists: list[Any] = list(
        TodoList.objects.as_seen_by(user).in_own_order()[:MAX_LISTS]
    )
    for row in lists:
        row.dot = dot(row.colour)
    return lists


def _first(todos: TodoQuerySet) -> list[Todo]:
    rows = todos.keyset_page(BY_DUE, after=None, offset=0, limit=MAX_TODOS)
    return list(rows)
