"""The changelist of todos, and that of the trash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.admin import ListFilter
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.admin.changelist import Changelist
from core.admin.table import Column
from core.characters import isolate
from core.site import NavItem
from core.text import listed
from todos.admin import columns
from todos.admin.base import requested_list, requested_list_id
from todos.admin.filters import (
    DueFilter,
    LabelFilter,
    PriorityFilter,
    StateFilter,
    WhoFilter,
)
from todos.admin.filters import (
    ListFilter as ByListFilter,
)
from todos.admin.inlines import MEMBER_ORDER
from todos.admin.keyset import KeysetChangeList
from todos.admin.trash import shows_trash
from todos.models import Membership, TodoList

MAX_NAMES = 5  # members named above the table


class TodoChangelist(Changelist):
    """Todos, newest first, page by page."""

    view_class = KeysetChangeList

    def columns(self, request: HttpRequest) -> Sequence[Column]:
        if shows_trash(request):
            return (columns.content, columns.in_list, columns.trashed_at)
        # With one list, the title already names it.
        hidden = {columns.in_list} if requested_list_id(request) else set()
        shown = [c for c in self.model_admin.list_display if c not in hidden]
        if shows_finished(request.GET):
            # In the same place, since the URL refers to columns by their number.
            shown[shown.index(columns.due)] = columns.finished
        return tuple(shown)

    def links(
        self, request: HttpRequest, columns: Sequence[Column]
    ) -> Sequence[Column] | None:
        return None if shows_trash(request) else super().links(request, columns)

    def filters(self, request: HttpRequest) -> Sequence[type[ListFilter]]:
        if shows_trash(request):
            return (ByListFilter,)
        return (
            StateFilter,
            DueFilter,
            WhoFilter,
            ByListFilter,
            LabelFilter,
            PriorityFilter,
        )

    def ordering(self, request: HttpRequest) -> Sequence[str]:
        if shows_trash(request):
            return ("-deleted_at", "-pk")
        return filtered_order(request.GET) or super().ordering(request)

    def sortable(self, request: HttpRequest) -> Sequence[Column]:
        if shows_trash(request):
            return ()
        return (*super().sortable(request), columns.finished)

    def context(self, request: HttpRequest) -> dict[str, Any]:
        if shows_trash(request):
            return {"in_trash": True, "title": _("Trash")}
        page: Any = self.model_admin
        context = {"title": _("Todos")} | list_context(request)
        return context | page.quick_actions.context(request)  # type: ignore[no-any-return]

    def nav_items(self, request: HttpRequest) -> list[NavItem]:
        trash = reverse("admin:todos_todo_trash")
        return [
            *super().nav_items(request),
            NavItem(_("Trash"), trash, "trash", order=40),
        ]


def filtered_order(query: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the order whose index serves a filter.

    Todos with the same date or priority come newest first: ids sort by time.
    """
    if query.get("due") == "none":
        return "-due_key", "-pk"
    if not DueFilter.parameters.isdisjoint(query):
        return "due_key", "pk"
    if shows_finished(query):
        return "-finished_key", "-pk"
    return ("-priority", "-pk") if "priority" in query else None


def shows_finished(query: Mapping[str, str]) -> bool:
    return query.get(StateFilter.parameter_name) == "finished"


def list_context(request: HttpRequest) -> dict[str, Any]:
    """Return the context of a changelist that is filtered by one list."""
    todo_list = requested_list(request)
    if todo_list is None:
        return {}
    names = _names_of_others(request, todo_list)
    context = {
        "title": todo_list.title,
        "shown_list": todo_list,
        "shared_with": listed(map(isolate, names[:MAX_NAMES])),
        "shared_with_more": len(names) > MAX_NAMES,
    }
    if not todo_list.is_writable:
        context["has_add_permission"] = False
    return context


def _names_of_others(request: HttpRequest, todo_list: TodoList) -> list[str]:
    others = Membership.objects.filter(list=todo_list).exclude(user=request.user)
    others = others.select_related("user").order_by(*MEMBER_ORDER)
    return [str(member.user) for member in others[: MAX_NAMES + 1]]
