"""Add, edit, finish and reopen todos."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict
from core.ids import new_id
from core.models import Changes
from core.rights import require
from todos.models import Label, Todo, TodoList
from todos.services.lists import inbox_of
from todos.services.locking import (
    lock_list,
    lock_lists,
    lock_todo,
    record_in_list,
    reread,
)
from todos.services.moving import carry_over
from todos.services.rules import require_rules, with_due

# Fields that refer to rows of the list: after a move they are those of the new one.
_OF_LIST = frozenset({"parent", "assignee"})


class IdTaken(Conflict):
    code = "id_taken"
    message = _("There is a row with this id already.")


class UidTaken(Conflict):
    code = "uid_taken"
    message = _("The list has a todo with this uid already.")


@transaction.atomic
def add_todo(
    *,
    actor: User,
    content: str,
    now: datetime,
    todo_list: TodoList | None = None,
    id: UUID | None = None,
    uid: str = "",
    labels: list[Label] | None = None,
    **fields: Any,
) -> Todo:
    """Add a todo behind the others of the list; without one, to the actor's inbox."""
    require(actor, "todos.add_todo")
    wanted = todo_list or inbox_of(actor, now=now)
    locked = lock_list(actor=actor, list_id=wanted.pk)
    todo = Todo(id=id or new_id(), list=locked, content=content)
    todo.uid = uid or str(todo.pk)
    todo.rank = locked.take_rank()
    if id is not None and Todo.with_trash.filter(pk=id).exists():
        raise IdTaken
    if id is not None or uid:
        _require_free_uid(locked, todo.uid)
    require_rules(todo, fields, labels)
    for name, value in with_due(todo, actor, fields).items():
        setattr(todo, name, value)
    todo.stamp(by=actor, at=now)
    todo.save(force_insert=True)
    changes = todo.as_made()
    if labels:
        todo.labels.set(labels)
        changes["labels"] = [None, ids_of(labels)]
    record_in_list(locked, ("todo.created", todo, changes), actor=actor, at=now)
    return todo


@transaction.atomic
def edit_todo(
    *,
    actor: User,
    todo: Todo,
    now: datetime,
    expected: Container[str] | None = None,
    todo_list: TodoList | None = None,
    labels: list[Label] | None = None,
    **fields: Any,
) -> Todo:
    """Change a todo; another list moves it there with its subtasks.

    What it was before the move is told in the history of the list that it leaves.
    """
    require(actor, "todos.change_todo")
    target_id = todo_list.pk if todo_list else todo.list_id
    lists = lock_lists(actor=actor, ids={todo.list_id, target_id})
    source, target = lists[todo.list_id], lists[target_id]
    todo = reread(todo, expected=expected)
    if source != target:
        texts = {name: fields.pop(name) for name in [*fields] if name not in _OF_LIST}
        _apply(source, todo, texts, None, actor=actor, now=now)
        todo = carry_over(todo, source=source, target=target, actor=actor, now=now)
    _apply(target, todo, fields, labels, actor=actor, now=now)
    return todo


@transaction.atomic
def finish_todo(
    *, actor: User, todo: Todo, now: datetime, expected: Container[str] | None = None
) -> Todo:
    """Finish the todo; doing so again changes nothing. Subtasks stay as they are."""
    todo_list, todo = lock_todo(
        actor=actor, todo=todo, permission="todos.finish_todo", expected=expected
    )
    if todo.is_finished:
        return todo
    changes = todo.change(
        by=actor, at=now, is_finished=True, finished_at=now, finished_by=actor
    )
    record_in_list(todo_list, ("todo.finished", todo, changes), actor=actor, at=now)
    return todo


@transaction.atomic
def reopen_todo(
    *, actor: User, todo: Todo, now: datetime, expected: Container[str] | None = None
) -> Todo:
    """Reopen the todo; one that is open stays as it is."""
    todo_list, todo = lock_todo(
        actor=actor, todo=todo, permission="todos.finish_todo", expected=expected
    )
    changes = todo.change(
        by=actor, at=now, is_finished=False, finished_at=None, finished_by=None
    )
    if changes:
        record_in_list(todo_list, ("todo.reopened", todo, changes), actor=actor, at=now)
    return todo


def _apply(
    locked: TodoList,
    todo: Todo,
    fields: dict[str, Any],
    labels: list[Label] | None,
    *,
    actor: User,
    now: datetime,
) -> None:
    require_rules(todo, fields, labels)
    if "uid" in fields:
        fields["uid"] = fields["uid"] or str(todo.pk)
        _require_free_uid(locked, fields["uid"], besides=todo)
    relabelled = {} if labels is None else _relabel(todo, labels)
    values = with_due(todo, actor, fields)
    if changes := todo.change(by=actor, at=now, besides=relabelled, **values):
        record_in_list(locked, ("todo.changed", todo, changes), actor=actor, at=now)


def ids_of(rows: list[Any]) -> list[str]:
    return sorted(str(row.pk) for row in rows)


def _relabel(todo: Todo, labels: list[Label]) -> Changes:
    before, after = ids_of(list(todo.labels.all())), ids_of(labels)
    if before == after:
        return {}
    todo.labels.set(labels)
    return {"labels": [before, after]}


def _require_free_uid(
    todo_list: TodoList, uid: str, besides: Todo | None = None
) -> None:
    others = Todo.with_trash.filter(list=todo_list, uid=uid)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if others.exists():
        raise UidTaken
