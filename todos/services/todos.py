"""Add, edit, finish and reopen todos."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from typing import Unpack, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict
from core.ids import new_id
from core.keywords import require_known
from core.models import Changes
from core.rights import require
from todos.models import Label, Todo, TodoList
from todos.services.fields import TodoDetails, TodoFields
from todos.services.lists import inbox_of
from todos.services.locking import (
    lock_list,
    lock_lists,
    lock_todo,
    record_in_list,
    reread,
)
from todos.services.moving import move_to_list
from todos.services.rules import check_rules, columns_of, require_free_uids
from todos.services.search import words_of

# Fields that refer to rows of the list: in a move, to rows of the new list.
_OF_LIST = frozenset({"parent", "assignee"})


class IdTaken(Conflict):
    code = "id_taken"
    message = _("A row with this id already exists.")


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
    **fields: Unpack[TodoDetails],
) -> Todo:
    """Add a todo at the end of the list, which defaults to the actor's inbox."""
    require_known(fields, TodoDetails)
    require(actor, "todos.add_todo")
    target = todo_list or inbox_of(actor, now=now)
    locked = lock_list(actor=actor, list_id=target.pk)
    todo = Todo(id=id or new_id(), list=locked, content=content)
    todo.uid = uid or str(todo.pk)
    todo.rank = locked.take_rank()
    if id is not None and Todo.with_trash.filter(pk=id).exists():
        raise IdTaken
    if id is not None or uid:
        require_free_uids(locked, [todo.uid])
    check_rules(todo, cast(TodoFields, fields), labels)
    for name, value in columns_of(todo, actor, cast(TodoFields, fields)).items():
        setattr(todo, name, value)
    if labels:
        names = Label.objects.filter(pk__in=[label.pk for label in labels])
        todo.search_extra = words_of(names.values_list("name", flat=True))
    todo.stamp(by=actor, at=now)
    todo.save(force_insert=True)
    changes = todo.created_changes()
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
    **fields: Unpack[TodoFields],
) -> Todo:
    """Change a todo; `todo_list` moves it there with its subtasks.

    Changes that do not depend on the list are recorded in the list that it leaves.
    """
    require_known(fields, TodoFields)
    require(actor, "todos.change_todo")
    target_id = todo_list.pk if todo_list else todo.list_id
    lists = lock_lists(actor=actor, ids={todo.list_id, target_id})
    source, target = lists[todo.list_id], lists[target_id]
    todo = reread(todo, expected=expected)
    if source != target:
        before_move, fields = _split(fields)
        _apply(source, todo, before_move, None, actor=actor, now=now)
        todo = move_to_list(todo, source=source, target=target, actor=actor, now=now)
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
    fields: TodoFields,
    labels: list[Label] | None,
    *,
    actor: User,
    now: datetime,
) -> None:
    check_rules(todo, fields, labels)
    if "uid" in fields:
        fields["uid"] = fields["uid"] or str(todo.pk)
        require_free_uids(locked, [fields["uid"]], exclude=todo)
    relabelled = {} if labels is None else _set_labels(todo, labels)
    columns = columns_of(todo, actor, fields)
    if changes := todo.change(by=actor, at=now, extra_changes=relabelled, **columns):
        record_in_list(locked, ("todo.changed", todo, changes), actor=actor, at=now)


def ids_of(rows: Iterable[Model]) -> list[str]:
    return sorted(str(row.pk) for row in rows)


def _split(fields: TodoFields) -> tuple[TodoFields, TodoFields]:
    """Return the fields to change before a move, and those to change after it."""
    before = {name: value for name, value in fields.items() if name not in _OF_LIST}
    after = {name: value for name, value in fields.items() if name in _OF_LIST}
    return cast(TodoFields, before), cast(TodoFields, after)


def _set_labels(todo: Todo, labels: list[Label]) -> Changes:
    before, after = ids_of(todo.labels.all()), ids_of(labels)
    if before == after:
        return {}
    todo.labels.set(labels)
    return {"labels": [before, after]}
