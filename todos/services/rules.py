"""Rules about a todo and other rows of its list; the list is locked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict, Invalid
from todos.due import Due
from todos.models import MAX_DEPTH, Label, Membership, Todo, TodoList
from todos.services.fields import TodoFields


class UidTaken(Conflict):
    code = "uid_taken"
    message = _("The list already has a todo with this uid.")


def check_rules(todo: Todo, fields: TodoFields, labels: list[Label] | None) -> None:
    """Refuse a parent, assignee, label or start date that does not fit the todo."""
    if (parent := fields.get("parent")) is not None:
        _check_parent(todo, parent)
    if (assignee := fields.get("assignee")) is not None:
        _check_assignee(todo.list_id, assignee)
    if labels:
        _check_labels(todo.list_id, labels)
    starts_on = fields.get("starts_on", todo.starts_on)
    due_on = fields.get("due_on", todo.due_on)
    if starts_on is not None and due_on is not None and starts_on > due_on:
        raise Invalid(_("A todo cannot start after it is due."), field="starts_on")


def columns_of(todo: Todo, actor: User, fields: TodoFields) -> dict[str, Any]:
    """Return the columns to write for the fields, with those derived from the due date.

    A time needs a date; its zone defaults to the actor's. Removing the date removes
    the time.
    """
    if fields.keys().isdisjoint(("due_on", "due_time", "due_zone")):
        return {**fields}
    on = fields.get("due_on", todo.due_on)
    time = fields.get("due_time", todo.due_time)
    zone = fields.get("due_zone", todo.due_zone)
    if on is None and fields.get("due_time") is not None:
        raise Invalid(_("A due time needs a due date."), field="due_time")
    if on is None or time is None:
        time, zone = None, ""
    due = Due(on=on, time=time, zone=zone or (actor.time_zone if time else ""))
    return {
        **fields,
        "due_on": due.on,
        "due_time": due.time,
        "due_zone": due.zone,
        "due_at": due.moment,
    }


def require_free_uids(
    todo_list: TodoList, uids: list[str], *, exclude: Todo | None = None
) -> None:
    """Refuse uids that other todos of the list have, trashed ones included."""
    others = Todo.with_trash.filter(list=todo_list, uid__in=uids)
    if exclude is not None:
        others = others.exclude(pk=exclude.pk)
    if others.exists():
        raise UidTaken


def with_subtasks(roots: list[Todo], rows: QuerySet[Todo]) -> list[Todo]:
    """Return the roots and their subtasks among `rows` at any level, parents first."""
    found, level = {root.pk: root for root in roots}, roots
    while level:
        below = rows.filter(parent__in=level).order_by("rank", "pk")
        level = [row for row in below if row.pk not in found]
        found |= {row.pk: row for row in level}
    return list(found.values())


def height(todo: Todo) -> int:
    """Return how many levels the todo and its subtasks have, itself included."""
    levels, level = 0, [todo.pk]
    while level and levels <= MAX_DEPTH:
        levels += 1
        children = Todo.with_trash.filter(parent__in=level)
        level = list(children.values_list("pk", flat=True))
    return levels


def _check_parent(todo: Todo, parent: Todo) -> None:
    path = _path_to_root(parent, todo.list_id)
    if todo.pk in path:
        raise Invalid(_("A todo cannot be a subtask of itself."), field="parent")
    if len(path) + height(todo) > MAX_DEPTH:
        message = _("Subtasks can be at most %d levels deep.") % MAX_DEPTH
        raise Invalid(message, field="parent")


def _path_to_root(todo: Todo, list_id: UUID) -> list[UUID]:
    """Return the ids from the todo up to its root, as they are now in the list."""
    path: list[UUID] = []
    current: UUID | None = todo.pk
    while current is not None and len(path) <= MAX_DEPTH:
        path.append(current)
        row = Todo.objects.filter(pk=current, list=list_id)
        above = row.values_list("parent", flat=True)
        if not above:
            message = _("The parent must be in the same list and not in the trash.")
            raise Invalid(message, field="parent")
        current = above[0]
    return path


def _check_labels(list_id: UUID, labels: list[Label]) -> None:
    wanted = {label.pk for label in labels}
    # Read again: a label may have been deleted since the caller found it.
    if Label.objects.filter(pk__in=wanted, list=list_id).count() < len(wanted):
        raise Invalid(_("A label must belong to the list of the todo."), field="labels")


def _check_assignee(list_id: UUID, assignee: User) -> None:
    if not Membership.objects.editors().filter(list=list_id, user=assignee).exists():
        message = _("The assignee must be an owner or editor of the list.")
        raise Invalid(message, field="assignee")
