"""The todos and lists of the home page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from core.scoping import Order
from todos.admin.cells import with_cells
from todos.admin.colours import dot
from todos.admin.own_lists import OwnLists
from todos.due import Period
from todos.models import Todo
from todos.querysets import TodoQuerySet

MAX_TODOS = 10  # per section
MAX_LISTS = 24
BY_DUE = Order("due_key")


def dashboard(user: User, now: datetime, lists: OwnLists) -> dict[str, Any]:
    """Return the todos that are overdue, due today, due soon or the user's own.

    The first three contain what the filters of the same names show; each todo is in
    the first of them only.
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
    lists.attach(rows)
    for name, box in boxes.items():
        with_cells(box, now, place=f"{name}-")
    return boxes | {"now": now, "lists": _with_dots(lists.first(MAX_LISTS))}


def _with_dots(lists: list[Any]) -> list[Any]:
    for row in lists:
        row.dot = dot(row.colour)
    return lists


def _first(todos: TodoQuerySet) -> list[Todo]:
    rows = todos.keyset_page(BY_DUE, after=None, offset=0, limit=MAX_TODOS)
    return list(rows)
