"""What the first page greets with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import prefetch_related_objects

from accounts.models import User
from core.scoping import Order
from todos.admin.base import in_order, with_own_list
from todos.admin.cells import dressed, is_overdue
from todos.models import Todo, TodoList
from todos.querysets import TodoQuerySet

MOST_SHOWN = 10  # todos in one box
MOST_LISTS = 24
NEXT_DAYS = 7
BY_DUE = Order("due_sort")


def due_at_home(user: User, now: datetime) -> dict[str, Any]:
    """Return what is overdue, due today, due soon and assigned to the person."""
    today = now.date()
    soon = (today + timedelta(days=1), today + timedelta(days=NEXT_DAYS))
    todos = Todo.objects.visible_to(user).open()
    boxes = {
        "overdue": _first(todos.overdue(now)),
        "today": _first(todos.due_between(today, today)),
        "soon": _first(todos.due_between(*soon)),
        "mine": _first(todos.filter(assignee=user)),
    }
    boxes["today"] = [todo for todo in boxes["today"] if not is_overdue(todo, now)]
    rows = [todo for box in boxes.values() for todo in box]
    prefetch_related_objects(rows, with_own_list(user))
    dressed(rows, now)
    lists = in_order(TodoList.objects.as_seen_by(user))
    return boxes | {"now": now, "lists": list(lists[:MOST_LISTS])}


def _first(todos: TodoQuerySet) -> list[Todo]:
    rows = todos.keyset_page(BY_DUE, after=None, offset=0, limit=MOST_SHOWN)
    return list(rows)
