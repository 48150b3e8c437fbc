"""Filters that people think in. Each offers what the person sees, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.permissions import person_of
from todos.admin.base import in_order, list_named
from todos.admin.cells import now_here
from todos.due import NEVER
from todos.models import Label, Priority, TodoList

MOST_OFFERED = 50


class StateFilter(admin.SimpleListFilter):
    """Open todos unless asked for others."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("finished", _("Finished")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        for value, word in [(None, _("Open")), *self.lookup_choices]:
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string(
                    {self.parameter_name: value}
                ),
                "display": word,
            }

    def queryset(self, request: Any, queryset: Any) -> Any:
        match self.value():
            case "finished":
                return queryset.finished()
            case "all":
                return queryset
        return queryset.open()


class DueFilter(admin.SimpleListFilter):
    """When it is due, where the person is."""

    title = gettext_lazy("due")
    parameter_name = "due"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [
            ("overdue", _("Overdue")),
            ("today", _("Today")),
            ("week", _("This week")),
            ("none", _("No date")),
        ]

    def queryset(self, request: Any, queryset: Any) -> Any:
        now = now_here()
        today = now.date()
        match self.value():
            case "overdue":
                return queryset.overdue(now)
            case "today":
                return queryset.due_between(today, today)
            case "week":
                return queryset.due_between(today, today + timedelta(days=6))
            case "none":
                return queryset.without_date().filter(due_sort=NEVER)
        return queryset


class WhoFilter(admin.SimpleListFilter):
    """Whose task it is."""

    title = gettext_lazy("who")
    parameter_name = "who"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("mine", _("Mine"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() == "mine":
            return queryset.filter(assignee=person_of(request))
        return queryset


class PriorityFilter(admin.SimpleListFilter):
    """How much it matters."""

    title = gettext_lazy("priority")
    parameter_name = "priority"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [
            (str(value), str(word).capitalize()) for value, word in Priority.choices
        ]

    def queryset(self, request: Any, queryset: Any) -> Any:
        value = self.value()
        if value not in {str(known) for known in Priority.values}:
            return queryset
        return queryset.filter(priority=int(value))


class RowFilter(admin.SimpleListFilter):
    """By a row that the person sees; a bounded number of them is offered."""

    def rows(self, request: Any) -> Any:
        raise NotImplementedError

    def lookups(self, request: Any, model_admin: Any) -> Any:
        rows = list(self.rows(request)[:MOST_OFFERED])
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

    def rows(self, request: Any) -> Any:
        return in_order(TodoList.objects.as_seen_by(person_of(request)))

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(list=self.key())


class LabelFilter(RowFilter):
    """By label: of the chosen list, where there is one."""

    title = gettext_lazy("label")
    parameter_name = "label"

    def rows(self, request: Any) -> Any:
        labels = Label.objects.visible_to(person_of(request)).order_by("name_key", "pk")
        chosen = list_named(request)
        return labels.filter(list=chosen) if chosen else labels

    def queryset(self, request: Any, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.labelled(self.key())


class ArchivedFilter(admin.SimpleListFilter):
    """Lists in use, or those that were put away."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("active", _("In use")), ("archived", _("Archived"))]

    def queryset(self, request: Any, queryset: Any) -> Any:
        match self.value():
            case "active":
                return queryset.filter(is_archived=False)
            case "archived":
                return queryset.filter(is_archived=True)
        return queryset
