"""What the pages of lists and of their rows share."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from accounts.models import User
from core.admin.base import ScopedModelAdmin
from core.admin.permissions import person_of
from todos.models import Label, Membership, Todo, TodoList
from todos.querysets import EDITING_ROLES


class OfListAdmin(ScopedModelAdmin):
    """Rows of a list: the person's role there says what they may do."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.prefetch_related(with_own_list(person_of(request)))

    def can_edit(self, request: HttpRequest, row: Any) -> bool:
        return may_edit(row.list)


def with_own_list(user: User) -> Prefetch[Any]:
    """Load the list with the person's own role and colour."""
    return Prefetch("list", TodoList.objects.as_seen_by(user))


def may_edit(todo_list: Any) -> bool:
    """Tell whether who loaded the list may change what is in it."""
    return todo_list.role in EDITING_ROLES and not todo_list.is_archived


def list_named(request: HttpRequest, parameter: str = "list") -> UUID | None:
    """Return the list that the address names, if it is an id at all."""
    try:
        return UUID(request.GET.get(parameter, ""))
    except ValueError:
        return None


def lists_to_write_in(user: User) -> QuerySet[TodoList]:
    """Return the lists that the person may add to, in the person's order."""
    lists: Any = TodoList.objects.editable_by(user).filter(is_archived=False)
    return in_order(lists.with_placing())


def in_order(lists: Any) -> QuerySet[TodoList]:
    """Sort lists as the person put them, who loaded them with their places."""
    ordered: QuerySet[TodoList] = lists.order_by("position", "pk")
    return ordered


def choices_in(user: User, field: str, lists: set[Any]) -> QuerySet[Any]:
    """Return what a relation of a todo may point at when it stands in these lists."""
    visible = TodoList.objects.visible_to(user).filter(pk__in=lists).values("pk")
    match field:
        case "list":
            return lists_to_write_in(user)
        case "parent":
            todos = Todo.objects.visible_to(user).filter(list__in=visible)
            newest: QuerySet[Todo] = todos.newest()
            return newest
        case "assignee":
            members = Membership.objects.filter(list__in=visible).values("user")
            people = User.objects.visible_to(user).filter(pk__in=members)
            return people.order_by("username")  # type: ignore[no-any-return]
        case "labels":
            labels = Label.objects.visible_to(user).filter(list__in=visible)
            return labels.order_by("name_key", "pk")
    raise LookupError(field)
