"""Filters of todos: an allow-list, each served by an index."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.filters import DayFilter, MomentFilter, StrictFilterSet
from todos.models import Priority, Todo
from todos.querysets import TodoQuerySet

STATES = [
    ("open", _("open")),
    ("finished", _("finished")),
    ("trashed", _("in the trash")),
]


class TodoFilter(StrictFilterSet):
    """By list, state, label, assignee, priority, dates and text."""

    list = django_filters.UUIDFilter(field_name="list_id")
    state = django_filters.ChoiceFilter(choices=STATES, method="filter_state")
    label = django_filters.UUIDFilter(method="filter_label")
    assignee = django_filters.UUIDFilter(field_name="assignee_id")
    parent = django_filters.UUIDFilter(field_name="parent_id")
    priority = django_filters.TypedChoiceFilter(choices=Priority.choices, coerce=int)
    due_from = DayFilter(method="filter_due_from")
    due_to = DayFilter(method="filter_due_to")
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_to = MomentFilter(field_name="created_at", lookup_expr="lte")
    overdue_at = MomentFilter(method="filter_overdue")
    search = django_filters.CharFilter(method="filter_search", max_length=200)

    class Meta:
        model = Todo
        fields: tuple[str, ...] = ()

    def filter_state(
        self, todos: TodoQuerySet, _name: str, state: str
    ) -> QuerySet[Any]:
        # What lies in the trash is another queryset: the view chose it.
        return {"open": todos.open, "finished": todos.finished}.get(state, todos.all)()

    def filter_label(
        self, todos: TodoQuerySet, _name: str, label: Any
    ) -> QuerySet[Any]:
        return todos.labelled(label)

    def filter_due_from(
        self, todos: TodoQuerySet, _name: str, day: date
    ) -> QuerySet[Any]:
        return todos.due_between(day, None)

    def filter_due_to(
        self, todos: TodoQuerySet, _name: str, day: date
    ) -> QuerySet[Any]:
        return todos.due_between(None, day)

    def filter_overdue(
        self, todos: TodoQuerySet, _name: str, now: Any
    ) -> QuerySet[Any]:
        return todos.overdue(now)

    def filter_search(
        self, todos: TodoQuerySet, _name: str, text: str
    ) -> QuerySet[Any]:
        return todos.holding(text)
