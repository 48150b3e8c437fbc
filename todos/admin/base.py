"""Shared code of the pages of lists and of their rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, QueryDict

from accounts.models import User
from core.admin.base import ScopedModelAdmin
from core.admin.permissions import Row, request_user
from core.ids import is_key
from core.site import FILTERS
from todos.admin.own_lists import own_lists
from todos.models import Label, Membership, Todo, TodoList


class ShowsLists:
    """Pages whose content the user's lists and the people there determine."""

    admin_site: Any

    def facts_of(self, request: HttpRequest) -> Any:
        return self.admin_site.facts_of(request)


class OfListAdmin(ShowsLists, ScopedModelAdmin[Row]):
    """Pages of rows of a list: the user's role there decides what they may do."""

    def get_rows(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows without their lists."""
        return super().get_queryset(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = self.get_rows(request)
        return rows.prefetch_related(with_own_list(request_user(request)))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Row | None:
        if request.method != "GET":
            return super().get_object(request, object_id, from_field)
        # The navigation shows the lists anyway.
        if not is_key(self.opts.pk, object_id):
            return None
        rows = list(self.get_rows(request).filter(pk=object_id))
        own_lists(request).attach(rows)
        return rows[0] if rows else None

    def can_edit(self, request: HttpRequest, row: Row) -> bool:
        todo_list: TodoList = row.list  # type: ignore[attr-defined]
        return todo_list.is_writable


def with_own_list(user: User) -> Prefetch[Any]:
    """Load the list with the user's own role and colour."""
    return Prefetch("list", TodoList.objects.as_seen_by(user))


def requested_list_id(request: HttpRequest) -> UUID | None:
    """Return the id in the URL parameter `list`; None if there is no valid one."""
    return as_id(request.GET.get("list"))


def list_id_to_add_to(request: HttpRequest) -> UUID | None:
    """Return the list in the URL, or that of the filtered table that led here."""
    filters = QueryDict(request.GET.get(FILTERS, ""))
    return requested_list_id(request) or as_id(filters.get("list"))


def as_id(text: str | None) -> UUID | None:
    """Return the text as a UUID; None if it is not one."""
    try:
        return UUID(text or "")
    except ValueError:
        return None


def requested_list(request: HttpRequest) -> TodoList | None:
    """Return the list in the URL parameter `list`, if the user can see it."""
    return own_lists(request).find(requested_list_id(request))


def writable_lists(user: User) -> QuerySet[TodoList]:
    """Return the lists that the user may add to, in the user's own order."""
    return TodoList.objects.writable_by(user).with_membership().in_own_order()


def choices_in(user: User, field: str, lists: set[UUID]) -> QuerySet[Any]:
    """Return the choices for a relation of a todo in one of the lists.

    Raise LookupError for a field that users cannot choose.
    """
    visible = TodoList.objects.visible_to(user).filter(pk__in=lists).values("pk")
    match field:
        case "list":
            return writable_lists(user)
        case "parent":
            todos = Todo.objects.visible_to(user).filter(list__in=visible)
            return todos.newest()  # type: ignore[no-any-return]
        case "assignee":
            editors = Membership.objects.editors().filter(list__in=visible)
            people = User.objects.visible_to(user).filter(pk__in=editors.values("user"))
            return people.order_by("username")  # type: ignore[no-any-return]
        case "labels":
            labels = Label.objects.visible_to(user).filter(list__in=visible)
            return labels.order_by("name_key", "pk")
    raise LookupError(field)
