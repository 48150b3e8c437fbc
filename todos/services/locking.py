"""Lock rows, read their current state and check the actor's role."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import UUIDField
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import events
from core.db.statements import Param, Statement, columns_of, compiled
from core.errors import Conflict, Forbidden, Missing
from core.models import Changes, Recorded
from core.rights import require
from todos.models import MemberRole, Membership, Todo, TodoList
from todos.querysets import VIEWER, TodoListQuerySet
from todos.services.search import refresh_search

_LIST: Any = Param("list", UUIDField())
_RANK = {MemberRole.VIEWER: 0, MemberRole.EDITOR: 1, MemberRole.OWNER: 2}


# Event type, row and changes; the rest of an event is known from the context.
Entry = tuple[str, Recorded, Changes]


class ListIsArchived(Conflict):
    code = "list_is_archived"
    message = _("This list is archived and therefore read-only.")


class EncryptionRequired(Forbidden):
    code = "encrypted_body_required"
    message = _("This list accepts only encrypted bodies from programs.")


class TodoMoved(Conflict):
    code = "todo_moved"
    message = _("This todo was moved or deleted in the meantime. Reload it.")


def lock_list(
    *,
    actor: User | None,
    list_id: UUID,
    role: MemberRole = MemberRole.EDITOR,
    archived: bool = False,
) -> TodoList:
    """Return the list, locked, if the actor has the role in it.

    An archived list is refused unless `archived` allows it, and one that requires
    encrypted writes if the request is not encrypted.
    """
    return lock_lists(actor=actor, ids=[list_id], role=role, archived=archived)[list_id]


def lock_lists(
    *,
    actor: User | None,
    ids: Collection[UUID],
    role: MemberRole = MemberRole.EDITOR,
    archived: bool = False,
) -> dict[UUID, TodoList]:
    """Return the lists, locked in the order of their ids, which prevents deadlocks."""
    lists = {row.pk: row for row in _lock(ids)}
    if len(lists) < len(set(ids)):
        raise Missing
    if actor is not None:
        _require_role(actor, lists, role)
    if not archived and any(row.is_archived for row in lists.values()):
        raise ListIsArchived
    if events.current_origin().has_plain_body:
        _allow_plain_body(lists.values())
    return lists


def lock_todo(
    *,
    actor: User | None,
    todo: Todo,
    permission: str,
    expected: Container[str] | None = None,
    role: MemberRole = MemberRole.EDITOR,
    trashed: bool = False,
) -> tuple[TodoList, Todo]:
    """Lock the list; return it and the todo as they are now."""
    require(actor, permission)
    todo_list = lock_list(actor=actor, list_id=todo.list_id, role=role)
    return todo_list, reread(todo, expected=expected, trashed=trashed)


def reread(
    todo: Todo, *, expected: Container[str] | None = None, trashed: bool = False
) -> Todo:
    """Return the todo as it is now; its list is locked."""
    rows = Todo.with_trash.all() if trashed else Todo.objects.all()
    fresh: Todo | None = rows.filter(pk=todo.pk, list_id=todo.list_id).first()
    if fresh is None:
        raise TodoMoved if Todo.objects.filter(pk=todo.pk).exists() else Missing
    fresh.expect(expected)
    return fresh


def record_in_list(
    todo_list: TodoList, *entries: Entry, actor: User | None, at: datetime
) -> None:
    """Record events of a locked list; the revision rises by one for each.

    Call it after the change: it also counts the todos of the list by these events, and
    updates the search text of affected todos.
    """
    record_in_lists([(todo_list, entries)], actor=actor, at=at)


def record_in_lists(
    changes: Sequence[tuple[TodoList, Sequence[Entry]]],
    *,
    actor: User | None,
    at: datetime,
) -> None:
    """Record events of several locked lists; see `record_in_list`."""
    numbered: list[events.Entry] = []
    for todo_list, entries in changes:
        first = todo_list.revision + 1
        todo_list.advance(entries)
        numbered += (
            events.Entry(verb, target, changed, todo_list.pk, first + index)
            for index, (verb, target, changed) in enumerate(entries)
        )
    events.record_many(actor=actor, at=at, entries=numbered)
    refresh_search(entry for _list, entries in changes for entry in entries)


def _require_role(actor: User, lists: dict[UUID, TodoList], role: MemberRole) -> None:
    roles = dict(_roles_of(actor, lists))
    if len(roles) < len(lists):
        raise Missing
    if any(_RANK[MemberRole(held)] < _RANK[role] for held in roles.values()):
        raise Forbidden


def _allow_plain_body(lists: Iterable[TodoList]) -> None:
    if any(row.requires_encrypted_writes for row in lists):
        raise EncryptionRequired


def _lock(ids: Collection[UUID]) -> list[TodoList]:
    """Lock the lists; nearly always there is one."""
    if len(ids) == 1:
        return _lock_one().instances(TodoList, list=next(iter(ids)))
    return list(_active_lists().filter(pk__in=ids).order_by("pk"))


def _active_lists() -> TodoListQuerySet:
    lists: TodoListQuerySet = TodoList.objects.select_for_update()
    return lists.filter(deleted_at=None)


@cache
def _lock_one() -> Statement:
    return compiled(_active_lists().filter(pk=_LIST).values_list(*columns_of(TodoList)))


def _roles_of(actor: User, lists: Collection[UUID]) -> Iterable[tuple[UUID, str]]:
    if len(lists) == 1:
        return _role_in_one().rows(viewer=actor.pk, list=next(iter(lists)))
    rows = Membership.objects.filter(user=actor, list__in=lists)
    return rows.values_list("list", "role")


@cache
def _role_in_one() -> Statement:
    found = Membership.objects.filter(user=VIEWER, list=_LIST)
    return compiled(found.values_list("list_id", "role"))
