"""Rules of a todo that no single row can tell; they hold under the list's lock."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Invalid
from todos.due import Due
from todos.models import MAX_DEPTH, Label, Membership, Todo

_DUE = ("due_on", "due_time", "due_zone")


def require_rules(
    todo: Todo, fields: dict[str, Any], labels: list[Label] | None
) -> None:
    """Refuse a parent, assignee, label or start that does not fit the todo's list."""
    if fields.get("parent") is not None:
        _require_parent(todo, fields["parent"])
    if fields.get("assignee") is not None:
        _require_assignee(todo.list_id, fields["assignee"])
    if labels:
        _require_labels(todo.list_id, labels)
    starts_on = fields.get("starts_on", todo.starts_on)
    due_on = fields.get("due_on", todo.due_on)
    if starts_on is not None and due_on is not None and starts_on > due_on:
        raise Invalid(_("A todo cannot start after it is due."), field="starts_on")


def with_due(todo: Todo, actor: User, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the columns to write, with what follows from a due date or time.

    A time needs a date; without a zone it is the actor's. A date that is taken away
    takes its time along.
    """
    if fields.keys().isdisjoint(_DUE):
        return fields
    on, time, zone = (fields.get(name, getattr(todo, name)) for name in _DUE)
    if on is None and fields.get("due_time") is not None:
        raise Invalid(_("A due time needs a due date."), field="due_time")
    if on is None or time is None:
        time, zone = None, ""
    due = Due(on=on, time=time, zone=zone or (actor.time_zone if time else ""))
    return fields | {
        "due_on": due.on,
        "due_time": due.time,
        "due_zone": due.zone,
        "due_at": due.moment,
        "due_sort": due.sort,
    }


def with_subtasks(roots: list[Todo], rows: QuerySet[Todo]) -> list[Todo]:
    """Return the roots and all of these rows that stand below them, parents first."""
    found, level = {root.pk: root for root in roots}, roots
    while level:
        below = rows.filter(parent__in=level).order_by("rank", "pk")
        level = [row for row in below if row.pk not in found]
        found |= {row.pk: row for row in level}
    return list(found.values())


def height(todo: Todo) -> int:
    """Return how many levels the todo and its subtasks take, itself included."""
    levels, level = 0, [todo.pk]
    while level and levels <= MAX_DEPTH:
        levels += 1
        children = Todo.with_trash.filter(parent__in=level)
        level = list(children.values_list("pk", flat=True))
    return levels


def _require_parent(todo: Todo, parent: Todo) -> None:
    line = _line_above(parent, todo.list_id)
    if todo.pk in line:
        raise Invalid(_("A todo cannot be a part of itself."), field="parent")
    if len(line) + height(todo) > MAX_DEPTH:
        message = _("Subtasks go at most %d levels deep.") % MAX_DEPTH
        raise Invalid(message, field="parent")


def _line_above(todo: Todo, list_id: UUID) -> list[UUID]:
    """Return the ids from the todo up to its root, as they are now in the list."""
    line: list[UUID] = []
    current: UUID | None = todo.pk
    while current is not None and len(line) <= MAX_DEPTH:
        line.append(current)
        row = Todo.objects.filter(pk=current, list=list_id)
        above = row.values_list("parent", flat=True)
        if not above:
            message = _("The parent has to stand in the same list, outside the trash.")
            raise Invalid(message, field="parent")
        current = above[0]
    return line


def _require_labels(list_id: UUID, labels: list[Label]) -> None:
    wanted = {label.pk for label in labels}
    # Read again: a label may have been deleted since the caller found it.
    if Label.objects.filter(pk__in=wanted, list=list_id).count() < len(wanted):
        raise Invalid(
            _("A label has to belong to the list of the todo."), field="labels"
        )


def _require_assignee(list_id: UUID, assignee: User) -> None:
    members = Membership.objects.filter(list=list_id, user=assignee)
    if not members.exists():
        raise Invalid(
            _("The assignee has to be a member of the list."), field="assignee"
        )
