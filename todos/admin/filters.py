"""Filters of the changelists; each offers only rows that the user sees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.permissions import request_user
from todos.admin.base import requested_list_id
from todos.admin.cells import local_now
from todos.due import NEVER
from todos.models import Label, Priority, TodoList
from todos.querysets import TodoQuerySet

MAX_CHOICES = 50

Lookups = list[tuple[str, str]]


class TodoFilter(admin.SimpleListFilter):
    """A filter that uses the methods of the todo queryset."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.narrow(request, cast(TodoQuerySet, queryset))

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        raise NotImplementedError


class StateFilter(TodoFilter):
    """By state; by default, open todos."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [("finished", _("Finished")), ("all", _("All"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        options: list[tuple[str | None, str | Promise]]
        options = [(None, _("Open")), *self.lookup_choices]
        for value, label in options:
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string(
                    {self.parameter_name: value}
                ),
                "display": label,
            }

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        match self.value():
            case "finished":
                return todos.finished()
            case "all":
                return todos
        return todos.open()


class DueFilter(TodoFilter):
    """By due date, in the user's time zone."""

    title = gettext_lazy("due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [
            ("overdue", _("Overdue")),
            ("today", _("Today")),
            ("week", _("Next 7 days")),
            ("none", _("No date")),
        ]

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        now = local_now()
        today = now.date()
        match self.value():
            case "overdue":
                return todos.overdue(now)
            case "today":
                return todos.due_between(today, today)
            case "week":
                return todos.due_between(today, today + timedelta(days=6))
            case "none":
                return todos.without_date().filter(due_sort=NEVER)
        return todos


class WhoFilter(TodoFilter):
    """By assignee: everyone's todos, or the user's own."""

    title = gettext_lazy("assignee")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [("mine", _("Me"))]

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        if self.value() == "mine":
            return todos.filter(assignee=request_user(request))
        return todos


class PriorityFilter(TodoFilter):
    """By priority."""

    title = gettext_lazy("priority")
    parameter_name = "priority"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [
            (str(value), str(label).capitalize()) for value, label in Priority.choices
        ]

    def narrow(self, request: HttpRequest, todos: TodoQuerySet) -> TodoQuerySet:
        value = self.value()
        if value not in {str(known) for known in Priority.values}:
            return todos
        return todos.filter(priority=int(value))


class RowFilter(admin.SimpleListFilter):
    """By a related row that the user can see; at most MAX_CHOICES are offered."""

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        rows: list[Model] = list(self.rows(request)[:MAX_CHOICES])
        chosen = self.key()
        if chosen and chosen not in {row.pk for row in rows}:
            rows += list(self.rows(request).filter(pk=chosen))
        return [(str(row.pk), str(row)) for row in rows]

    def key(self) -> UUID | None:
        try:
            return UUID(self.value() or "")
        except ValueError:
            return None


class ListFilter(RowFilter):
    """By list."""

    title = gettext_lazy("list")
    parameter_name = "list"

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        return TodoList.objects.as_seen_by(request_user(request)).in_own_order()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(list=self.key())


class LabelFilter(RowFilter):
    """By label; only those of the chosen list, if one is chosen."""

    title = gettext_lazy("label")
    parameter_name = "label"

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        visible = Label.objects.visible_to(request_user(request))
        labels = visible.order_by("name_key", "pk")
        chosen = requested_list_id(request)
        return labels.filter(list=chosen) if chosen else labels

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        key = self.key()
        todos = cast(TodoQuerySet, queryset)
        return todos.labelled(key) if key else todos.none()


class ArchivedFilter(admin.SimpleListFilter):
    """By whether the list is archived."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Lookups:
        return [("active", _("In use")), ("archived", _("Archived"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[TodoList]
    ) -> QuerySet[TodoList]:
        match self.value():
            case "active":
                return queryset.filter(is_archived=False)
            case "archived":
                return queryset.filter(is_archived=True)
        return queryset
