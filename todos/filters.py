"""Filters of todos: an allow-list, each served by an index."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.api.filters import (
    ChoiceFilter,
    DayFilter,
    IdFilter,
    MomentFilter,
    StrictFilterSet,
    TextFilter,
)
from core.text import MAX_SEARCH_LENGTH
from todos.models import Priority, Todo
from todos.querysets import TodoQuerySet

STATES = [
    ("open", _("open")),
    ("finished", _("finished")),
    ("trashed", _("in the trash")),
]


class TodoFilter(StrictFilterSet):
    """By list, state, label, assignee, priority, dates and text."""

    list = IdFilter(field_name="list_id", help_text="Todos of this list.")
    state = ChoiceFilter(
        choices=STATES,
        method="filter_state",
        help_text="Open, finished or trashed todos; by default open and finished ones.",
    )
    label = IdFilter(method="filter_label", help_text="Todos with this label.")
    assignee = IdFilter(
        field_name="assignee_id", help_text="Todos assigned to this person."
    )
    parent = IdFilter(field_name="parent_id", help_text="Subtasks of this todo.")
    priority = ChoiceFilter(choices=Priority.choices, help_text=f"{Priority.legend()}.")
    due_from = DayFilter(
        method="filter_due_from", help_text="Due on this day or later."
    )
    due_to = DayFilter(method="filter_due_to", help_text="Due on this day or earlier.")
    created_from = MomentFilter(
        field_name="created_at",
        lookup_expr="gte",
        help_text="Created at this moment or later.",
    )
    created_to = MomentFilter(
        field_name="created_at",
        lookup_expr="lte",
        help_text="Created at this moment or earlier.",
    )
    overdue_at = MomentFilter(
        method="filter_overdue",
        help_text="Open and overdue at this moment: the due time has passed, or the "
        "due date is over in the offset of the moment.",
    )
    search = TextFilter(
        method="filter_search",
        max_length=MAX_SEARCH_LENGTH,
        help_text="Todos that hold all these words, in any order, in content, notes, "
        "comments or label names; upper case, accents and widths do not matter.",
    )

    class Meta:
        model = Todo
        fields: tuple[str, ...] = ()

    def filter_state(
        self, todos: TodoQuerySet, _name: str, state: str
    ) -> QuerySet[Any]:
        # Trashed todos are a different queryset, which the view has already chosen.
        return {"open": todos.open, "finished": todos.finished}.get(state, todos.all)()

    def filter_label(
        self, todos: TodoQuerySet, _name: str, label: UUID
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
        self, todos: TodoQuerySet, _name: str, now: datetime
    ) -> QuerySet[Any]:
        return todos.overdue(now)

    def filter_search(
        self, todos: TodoQuerySet, _name: str, text: str
    ) -> QuerySet[Any]:
        return todos.holding(text)
