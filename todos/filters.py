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
    IdsFilter,
    MomentFilter,
    PersonFilter,
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
    labels_any = IdsFilter(
        method="filter_labels_any",
        help_text="Todos with at least one of these labels: ids, separated by commas.",
    )
    labels_all = IdsFilter(
        method="filter_labels_all",
        help_text="Todos with all of these labels: ids, separated by commas.",
    )
    assignee = PersonFilter(
        field_name="assignee_id",
        help_text="Todos assigned to this person; `me` means you, and `none` finds "
        "todos that are assigned to nobody.",
    )
    parent = IdFilter(field_name="parent_id", help_text="Subtasks of this todo.")
    priority = ChoiceFilter(
        choices=Priority.choices,
        method="filter_priority",
        help_text=f"{Priority.legend()}.",
    )
    due = ChoiceFilter(
        choices=[("none", "none"), ("any", "any")],
        method="filter_due",
        help_text="`none`: todos without a due date; `any`: todos with one.",
    )
    due_from = DayFilter(
        method="filter_due_from", help_text="Due on this day or later."
    )
    due_to = DayFilter(method="filter_due_to", help_text="Due on this day or earlier.")
    overdue_at = MomentFilter(
        method="filter_overdue",
        help_text="Open and overdue at this moment: the due time has passed, or the "
        "due date is over in the offset of the moment.",
    )
    search = TextFilter(
        method="filter_search",
        max_length=MAX_SEARCH_LENGTH,
        help_text="Todos that contain all these words, in any order, in content, "
        "notes, comments or label names; case, accents and character width are "
        "ignored.",
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

    def filter_labels_any(
        self, todos: TodoQuerySet, _name: str, labels: set[UUID]
    ) -> QuerySet[Any]:
        return todos.labelled_with_any(labels)

    def filter_labels_all(
        self, todos: TodoQuerySet, _name: str, labels: set[UUID]
    ) -> QuerySet[Any]:
        for label in labels:
            todos = todos.labelled(label)
        return todos

    def filter_priority(
        self, todos: TodoQuerySet, _name: str, priority: int
    ) -> QuerySet[Any]:
        return todos.of_priority(priority)

    def filter_due(self, todos: TodoQuerySet, _name: str, due: str) -> QuerySet[Any]:
        by_due = self.data.get("ordering") in {"due", "-due"}
        return todos.with_date(due == "any", by_due=by_due)

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
