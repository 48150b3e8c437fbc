"""Labels of a list."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Unpack

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict, Missing
from core.keywords import require_known
from core.rights import require
from core.text import fold
from todos.models import Label, Todo, TodoList
from todos.services.fields import LabelFields
from todos.services.locking import Entry, lock_list, record_in_list


class LabelExists(Conflict):
    code = "label_exists"
    message = _("The list already has a label with this name.")


@transaction.atomic
def add_label(
    *, actor: User, todo_list: TodoList, name: str, now: datetime, colour: str = ""
) -> Label:
    """Add a label to a list."""
    require(actor, "todos.add_label")
    locked = lock_list(actor=actor, list_id=todo_list.pk)
    _require_free_name(locked, name)
    return create_label(locked, name=name, colour=colour, actor=actor, now=now)


@transaction.atomic
def edit_label(
    *,
    actor: User,
    label: Label,
    now: datetime,
    expected: Container[str] | None = None,
    **fields: Unpack[LabelFields],
) -> Label:
    """Rename or recolour a label."""
    require_known(fields, LabelFields)
    require(actor, "todos.change_label")
    locked, label = _lock_label(actor, label, expected)
    if "name" in fields:
        _require_free_name(locked, fields["name"], exclude=label)
    if changes := label.change(by=actor, at=now, **fields):
        record_in_list(locked, ("label.changed", label, changes), actor=actor, at=now)
    return label


@transaction.atomic
def remove_label(
    *, actor: User, label: Label, now: datetime, expected: Container[str] | None = None
) -> None:
    """Delete a label, which is a change of every todo that has it."""
    require(actor, "todos.delete_label")
    locked, label = _lock_label(actor, label, expected)
    entries = _unlabel(label, actor, now)
    entries.append(("label.removed", label, label.deleted_changes()))
    Label.objects.filter(pk=label.pk).delete()
    record_in_list(locked, *entries, actor=actor, at=now)


def create_label(
    locked: TodoList, *, name: str, actor: User | None, now: datetime, colour: str = ""
) -> Label:
    """Add a label to a locked list that has none of this name."""
    label = Label(list=locked, name=name, colour=colour)
    label.stamp(by=actor, at=now)
    label.save(force_insert=True)
    record_in_list(
        locked, ("label.created", label, label.created_changes()), actor=actor, at=now
    )
    return label


def _lock_label(
    actor: User, label: Label, expected: Container[str] | None
) -> tuple[TodoList, Label]:
    locked = lock_list(actor=actor, list_id=label.list_id)
    fresh = Label.objects.filter(pk=label.pk, list=locked).first()
    if fresh is None:
        raise Missing
    fresh.expect(expected)
    return locked, fresh


def _require_free_name(
    locked: TodoList, name: str, exclude: Label | None = None
) -> None:
    same = Label.objects.filter(list=locked, name_key=fold(name).strip())
    if exclude is not None:
        same = same.exclude(pk=exclude.pk)
    if same.exists():
        raise LabelExists


def _unlabel(label: Label, actor: User | None, now: datetime) -> list[Entry]:
    todos = list(Todo.with_trash.filter(labels=label).prefetch_related("labels"))
    entries: list[Entry] = []
    for todo in todos:
        before = sorted(str(own.pk) for own in todo.labels.all())
        after = [pk for pk in before if pk != str(label.pk)]
        changes = todo.assign(
            by=actor, at=now, extra_changes={"labels": [before, after]}
        )
        entries.append(("todo.changed", todo, changes))
    Todo.save_many(todos)
    return entries
