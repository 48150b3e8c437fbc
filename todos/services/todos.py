"""Add, edit, finish and reopen todos."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime
from typing import Unpack, cast

from django.db import transaction

from accounts.models import User
from core.keywords import require_known
from core.models import Changes
from core.rights import require
from todos.models import Label, Todo, TodoList
from todos.services.adding import create_todos, ids_of
from todos.services.fields import NewTodo, TodoFields
from todos.services.locking import lock_lists, lock_todo, record_in_list, reread
from todos.services.moving import move_to_list
from todos.services.rules import (
    Draft,
    References,
    check_rules,
    columns_of,
    require_free_uids,
)

# Fields that refer to rows of the list: in a move, to rows of the new list.
_OF_LIST = frozenset({"parent", "assignee"})


@transaction.atomic
def add_todo(*, actor: User, now: datetime, **fields: Unpack[NewTodo]) -> Todo:
    """Add a todo at the end of the list, which defaults to the actor's inbox."""
    [todo] = create_todos([fields], [""], actor=actor, now=now)
    return todo


@transaction.atomic
def add_todos(*, actor: User, todos: Sequence[NewTodo], now: datetime) -> list[Todo]:
    """Add todos in this order at the ends of their lists: all of them, or none.

    A parent may be one of them that comes before. The field that a refusal names begins
    with the place of the todo: todos.3.parent.
    """
    names = [f"todos.{index}." for index in range(len(todos))]
    return create_todos(todos, names, actor=actor, now=now)


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
    known = References.read([Draft(locked.pk, fields, labels or ())])
    check_rules(todo, fields, labels or (), known)
    if "uid" in fields:
        fields["uid"] = fields["uid"] or str(todo.pk)
        require_free_uids(locked, [fields["uid"]], exclude=todo)
    relabelled = {} if labels is None else _set_labels(todo, labels)
    columns = columns_of(todo, actor, fields)
    if changes := todo.change(by=actor, at=now, extra_changes=relabelled, **columns):
        record_in_list(locked, ("todo.changed", todo, changes), actor=actor, at=now)


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
