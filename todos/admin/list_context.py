"""What the table of todos shows of the list that it is narrowed to."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from core.admin.permissions import person_of
from todos.admin.base import list_named, may_edit
from todos.admin.inlines import MEMBERS
from todos.models import Membership, TodoList

MOST_NAMED = 5


def list_context(request: HttpRequest) -> dict[str, Any]:
    """Return the list's name, who shares it, and what does not work in it."""
    chosen, user = list_named(request), person_of(request)
    if chosen is None:
        return {}
    row: Any = TodoList.objects.as_seen_by(user).filter(pk=chosen).first()
    if row is None:
        return {}
    others = Membership.objects.filter(list=row).exclude(user=user)
    others = others.select_related("user").order_by(*MEMBERS)
    names = [str(member.user) for member in others[: MOST_NAMED + 1]]
    context = {
        "title": row.name,
        "shown_list": row,
        "shared_with": ", ".join(names[:MOST_NAMED]),
        "shared_with_more": len(names) > MOST_NAMED,
    }
    if not may_edit(row):
        request.reads_only = True  # type: ignore[attr-defined]
        context |= {"quick_lists": [], "has_add_permission": False}
    return context
