"""Move to the trash, restore, and delete permanently."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import events
from core.errors import Conflict, Missing
from core.models import IdempotentAnswer
from core.rights import require
from todos.models import Comment, MemberRole, Todo, TodoList
from todos.services.attachments import erase_attachments
from todos.services.locking import Entry, lock_todo, record_in_list
from todos.services.rules import with_subtasks

BATCH = 500


class NotInTrash(Conflict):
    code = "not_in_trash"
    message = _("Only items in the trash can be deleted permanently.")


@transaction.atomic
def trash_todo(
    *,
    actor: User | None,
    todo: Todo,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Move a todo to the trash, with the subtasks that are not there yet."""
    todo_list, todo = lock_todo(
        actor=actor, todo=todo, permission="todos.delete_todo", expected=expected
    )
    rows = with_subtasks([todo], Todo.objects.all())
    _set_deleted_at(now, "todo.trashed", rows, todo_list, actor, now)


@transaction.atomic
def restore_todo(
    *, actor: User, todo: Todo, now: datetime, expected: Container[str] | None = None
) -> Todo:
    """Restore a todo from the trash, with the subtasks that were trashed with it.

    If its parent is still in the trash, it becomes a top-level todo. A todo that is
    not in the trash stays as it is.
    """
    todo_list, todo = lock_todo(
        actor=actor,
        todo=todo,
        permission="todos.delete_todo",
        expected=expected,
        trashed=True,
    )
    if todo.deleted_at is None:
        return todo
    together = Todo.with_trash.filter(deleted_at=todo.deleted_at)
    rows = with_subtasks([todo], together)
    if todo.parent is not None and todo.parent.is_trashed:
        todo_values: dict[str, None] = {"parent": None}
    else:
        todo_values = {}
    _set_deleted_at(None, "todo.restored", rows, todo_list, actor, now, **todo_values)
    return todo


@transaction.atomic
def purge_todo(
    *,
    actor: User | None,
    todo: Todo,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Delete a trashed todo and its subtasks permanently, also from the event log."""
    todo_list, todo = lock_todo(
        actor=actor,
        todo=todo,
        permission="todos.delete_todo",
        expected=expected,
        role=MemberRole.OWNER,
        trashed=True,
    )
    if todo.deleted_at is None:
        raise NotInTrash
    rows = with_subtasks([todo], Todo.with_trash.all())
    _purge(todo_list, rows, actor, now)


@transaction.atomic
def purge_list_trash(*, todo_list: TodoList, before: datetime, now: datetime) -> int:
    """Purge a batch of todos that were trashed before a moment; return their number.

    If the list itself was trashed before, all of its todos are purged. The caller
    repeats this until nothing is left.
    """
    locked = TodoList.objects.select_for_update().filter(pk=todo_list.pk).first()
    if locked is None:
        return 0
    old = Todo.with_trash.filter(list=locked).order_by("pk")
    if locked.deleted_at is None or locked.deleted_at >= before:
        old = old.filter(deleted_at__lt=before)
    # Subtasks are purged with their parent, whenever they were trashed.
    rows = with_subtasks(list(old[:BATCH]), Todo.with_trash.all())
    _purge(locked, rows, None, now)
    return len(rows)


@transaction.atomic
def purge_list(
    *, todo_list: TodoList, now: datetime, actor: User | None = None
) -> None:
    """Delete a list and its contents permanently, also from the event log.

    A person may do this to their own lists in the trash.
    """
    require(actor, "todos.delete_todolist")
    lists = (
        TodoList.objects.all() if actor is None else TodoList.objects.owned_by(actor)
    )
    locked = lists.select_for_update(of=("self",)).filter(pk=todo_list.pk).first()
    if locked is None:
        raise Missing
    if actor is not None and locked.deleted_at is None:
        raise NotInTrash
    todos = Todo.with_trash.filter(list=locked).order_by("pk")
    while rows := with_subtasks(list(todos[:BATCH]), Todo.with_trash.all()):
        _purge(locked, rows, actor, now)
    events.redact_stream(locked.pk)
    IdempotentAnswer.objects.forget([locked.pk, *_ids(locked.labels.all())])
    record_in_list(locked, ("list.purged", locked, {}), actor=actor, at=now)
    User.objects.filter(memberships__list=locked).touch_access()
    locked.delete()


def _set_deleted_at(
    deleted_at: datetime | None,
    verb: str,
    rows: list[Todo],
    todo_list: TodoList,
    actor: User | None,
    now: datetime,
    **first_row: None,
) -> None:
    """Move rows into or out of the trash; `first_row` changes the first one further."""
    entries: list[Entry] = []
    for row in rows:
        values = first_row if row is rows[0] else {}
        changes = row.assign(by=actor, at=now, deleted_at=deleted_at, **values)
        entries.append((verb, row, changes))
    Todo.save_many(rows, "deleted_at", "parent")
    record_in_list(todo_list, *entries, actor=actor, at=now)


def _purge(
    todo_list: TodoList, rows: list[Todo], actor: User | None, now: datetime
) -> None:
    ids = [row.pk for row in rows]
    erase_attachments(now=now, todo__in=ids)
    comments = _ids(Comment._base_manager.filter(todo__in=ids))
    events.redact(resource_type="todo", ids=ids)
    events.redact(resource_type="comment", ids=comments)
    IdempotentAnswer.objects.forget([*ids, *comments])
    entries: list[Entry] = [("todo.purged", row, {}) for row in rows]
    record_in_list(todo_list, *entries, actor=actor, at=now)
    Todo.with_trash.filter(pk__in=ids).delete()


def _ids(rows: QuerySet[Any]) -> list[UUID]:
    return list(rows.values_list("pk", flat=True))
