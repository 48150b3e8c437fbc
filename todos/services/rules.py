"""Rules about a todo and other rows of its list; the list is locked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Self
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


_NONE = (None, None)  # for a row that is not there


@dataclass(frozen=True)
class Draft:
    """A todo of a list as it is to be; absent fields stay as they are."""

    list_id: UUID
    fields: TodoFields
    labels: Collection[Label]


@dataclass(frozen=True)
class References:
    """The rows that todos refer to, as they are now in their locked lists.

    Each kind is read at once for all todos; parents level by level.
    """

    # The list and the parent of each parent, and of those above it.
    above: dict[UUID, tuple[UUID, UUID | None]]
    editors: frozenset[tuple[UUID, UUID]]  # a list and a person
    labels: dict[UUID, tuple[UUID, str]]  # the list and the name of each

    @classmethod
    def read(cls, drafts: Iterable[Draft]) -> Self:
        parents, assignees, lists = set(), set(), set()
        labels: set[UUID] = set()
        for draft in drafts:
            labels.update(label.pk for label in draft.labels)
            if (parent := draft.fields.get("parent")) is not None:
                parents.add(parent.pk)
            if (assignee := draft.fields.get("assignee")) is not None:
                assignees.add(assignee.pk)
                lists.add(draft.list_id)
        return cls(_above(parents), _editors(lists, assignees), _lists_of(labels))

    def path_to_root(self, pk: UUID, list_id: UUID) -> list[UUID]:
        """Return the ids from the todo up to its root, all in the list."""
        path: list[UUID] = []
        current: UUID | None = pk
        while current is not None and len(path) <= MAX_DEPTH:
            path.append(current)
            its_list, current = self.above.get(current, _NONE)
            if its_list != list_id:
                message = _("The parent must be in the same list and not in the trash.")
                raise Invalid(message, field="parent")
        return path


def check_rules(
    todo: Todo, fields: TodoFields, labels: Collection[Label], known: References
) -> None:
    """Refuse a parent, assignee, label or start date that does not fit the todo."""
    if (parent := fields.get("parent")) is not None:
        _check_parent(todo, parent, known)
    assignee = fields.get("assignee")
    if assignee is not None and (todo.list_id, assignee.pk) not in known.editors:
        message = _("The assignee must be an owner or editor of the list.")
        raise Invalid(message, field="assignee")
    if any(known.labels.get(label.pk, _NONE)[0] != todo.list_id for label in labels):
        raise Invalid(_("A label must belong to the list of the todo."), field="labels")
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
    if todo._state.adding:
        return 1
    levels, level = 0, [todo.pk]
    while level and levels <= MAX_DEPTH:
        levels += 1
        children = Todo.with_trash.filter(parent__in=level)
        level = list(children.values_list("pk", flat=True))
    return levels


def _check_parent(todo: Todo, parent: Todo, known: References) -> None:
    path = known.path_to_root(parent.pk, todo.list_id)
    if todo.pk in path:
        raise Invalid(_("A todo cannot be a subtask of itself."), field="parent")
    if len(path) + height(todo) > MAX_DEPTH:
        message = _("Subtasks can be at most %d levels deep.") % MAX_DEPTH
        raise Invalid(message, field="parent")


def _above(parents: set[UUID]) -> dict[UUID, tuple[UUID, UUID | None]]:
    found: dict[UUID, tuple[UUID, UUID | None]] = {}
    level = parents
    for _level in range(MAX_DEPTH + 1):
        if not level:
            break
        rows = Todo.objects.filter(pk__in=level).values_list("pk", "list", "parent")
        found |= {pk: (its_list, parent) for pk, its_list, parent in rows}
        level = {
            parent for _its_list, parent in found.values() if parent
        } - found.keys()
    return found


def _editors(lists: set[UUID], people: set[UUID]) -> frozenset[tuple[UUID, UUID]]:
    if not people:
        return frozenset()
    rows = Membership.objects.editors().filter(list__in=lists, user__in=people)
    return frozenset(rows.values_list("list", "user"))


def _lists_of(labels: set[UUID]) -> dict[UUID, tuple[UUID, str]]:
    if not labels:
        return {}
    # Read again: a label may have been deleted since the caller found it.
    rows = Label.objects.filter(pk__in=labels).values_list("pk", "list", "name")
    return {pk: (its_list, name) for pk, its_list, name in rows}
