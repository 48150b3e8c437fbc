"""Add, change, archive and delete lists."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Unpack

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.db.statements import Statement, columns_of, compiled
from core.errors import Conflict, Missing
from core.keywords import require_known
from core.rights import require
from todos.models import MemberRole, Membership, TodoList
from todos.querysets import VIEWER
from todos.ranks import rank_between
from todos.services.fields import ListFields
from todos.services.locking import ListIsArchived, lock_list, record_in_list

# Fields of a list that are columns of the actor's membership.
_OWN_FIELDS = frozenset({"colour", "position"})


class InboxStays(Conflict):
    code = "inbox_stays"
    message = _("An inbox cannot be shared, archived or deleted.")


@transaction.atomic
def add_list(
    *,
    actor: User,
    name: str,
    now: datetime,
    colour: str = "",
    position: str = "",
    requires_encrypted_writes: bool = False,
) -> TodoList:
    """Add a list that the actor owns; by default after the actor's other lists."""
    require(actor, "todos.add_todolist")
    return _create(
        owner=actor,
        now=now,
        name=name,
        colour=colour,
        position=position,
        requires_encrypted_writes=requires_encrypted_writes,
    )


def inbox_of(user: User, *, now: datetime) -> TodoList:
    """Return the person's inbox; the first call creates it."""
    return _find_inbox(user) or _create_inbox(user, now)


@transaction.atomic
def edit_list(
    *,
    actor: User,
    todo_list: TodoList,
    now: datetime,
    expected: Container[str] | None = None,
    **fields: Unpack[ListFields],
) -> TodoList:
    """Change a list; only owners change what all its members see.

    `colour` and `position` are the actor's own: any member may change them.
    """
    require_known(fields, ListFields)
    require(actor, "todos.change_todolist")
    shared: dict[str, Any] = {**fields}
    own = {name: shared.pop(name) for name in _OWN_FIELDS & fields.keys()}
    role = MemberRole.OWNER if shared else MemberRole.VIEWER
    locked = lock_list(actor=actor, list_id=todo_list.pk, role=role, archived=True)
    seen = as_seen(actor, locked)
    seen.expect(expected)
    if locked.is_inbox and shared.get("is_archived"):
        raise InboxStays
    stays_archived = locked.is_archived and shared.get("is_archived", True)
    if stays_archived and shared.keys() - {"is_archived"}:
        raise ListIsArchived
    if changes := locked.change(by=actor, at=now, **shared):
        record_in_list(locked, ("list.changed", locked, changes), actor=actor, at=now)
    if own:
        _change_own_fields(actor, locked, now, own)
    return as_seen(actor, locked)


@transaction.atomic
def trash_list(
    *,
    actor: User | None,
    todo_list: TodoList,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Move a list to the trash: it and its todos are hidden until it is restored."""
    require(actor, "todos.delete_todolist")
    locked = lock_list(
        actor=actor, list_id=todo_list.pk, role=MemberRole.OWNER, archived=True
    )
    seen = as_seen(actor, locked) if actor else locked
    seen.expect(expected)
    if locked.is_inbox:
        raise InboxStays
    changes = locked.change(by=actor, at=now, deleted_at=now)
    record_in_list(locked, ("list.trashed", locked, changes), actor=actor, at=now)
    touch_members(locked)


@transaction.atomic
def restore_list(
    *,
    actor: User,
    todo_list: TodoList,
    now: datetime,
    expected: Container[str] | None = None,
) -> TodoList:
    """Restore a list from the trash; one that is not there stays as it is."""
    require(actor, "todos.delete_todolist")
    owned = TodoList.objects.owned_by(actor).select_for_update(of=("self",))
    locked = owned.filter(pk=todo_list.pk).first()
    if locked is None:
        raise Missing
    seen = TodoList.objects.owned_by(actor).with_membership().get(pk=locked.pk)
    seen.expect(expected)
    if changes := locked.change(by=actor, at=now, deleted_at=None):
        record_in_list(locked, ("list.restored", locked, changes), actor=actor, at=now)
        touch_members(locked)
    return as_seen(actor, locked)


def touch_members(todo_list: TodoList) -> None:
    """Raise the access version of the members: what they see has changed."""
    User.objects.filter(memberships__list=todo_list).touch_access()


def as_seen(user: User, todo_list: TodoList) -> TodoList:
    """Return the list with the person's own role, position and colour."""
    seen: TodoList = TodoList.objects.as_seen_by(user).get(pk=todo_list.pk)
    return seen


def last_position(user: User) -> str:
    """Return a position after all lists of the person."""
    last = Membership.objects.filter(user=user).order_by("-position").first()
    return rank_between(last.position if last else None, None)


def _find_inbox(user: User) -> TodoList | None:
    found = _inbox_statement().instances(TodoList, viewer=user.pk)
    return next(iter(found), None)


@cache
def _inbox_statement() -> Statement:
    found = TodoList.objects.filter(inbox_of=VIEWER)
    return compiled(found.values_list(*columns_of(TodoList)))


@transaction.atomic
def _create_inbox(user: User, now: datetime) -> TodoList:
    # Of two first calls at once, the second waits here and then finds the inbox.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if (existing := _find_inbox(user)) is not None:
        return existing
    with translation.override(user.language):
        name = gettext("Inbox")
    return _create(owner=user, now=now, name=name, colour="", inbox_of=user)


def _create(
    *,
    owner: User,
    now: datetime,
    name: str,
    colour: str,
    position: str = "",
    inbox_of: User | None = None,
    **more: bool,
) -> TodoList:
    # The owner may have been removed meanwhile.
    if not User.objects.filter(pk=owner.pk, removed_at=None).touch_access():
        raise Missing
    todo_list = TodoList(name=name, inbox_of=inbox_of, counted_revision=0, **more)
    todo_list.stamp(by=owner, at=now)
    todo_list.save(force_insert=True)
    membership = Membership(
        list=todo_list,
        user=owner,
        role=MemberRole.OWNER,
        colour=colour,
        position=position or last_position(owner),
    )
    membership.stamp(by=owner, at=now)
    membership.save(force_insert=True)
    record_in_list(
        todo_list,
        ("list.created", todo_list, todo_list.created_changes()),
        ("membership.created", membership, membership.created_changes()),
        actor=owner,
        at=now,
    )
    return as_seen(owner, todo_list)


def _change_own_fields(
    actor: User, todo_list: TodoList, now: datetime, own: Mapping[str, Any]
) -> None:
    membership = Membership.objects.get(list=todo_list, user=actor)
    if changes := membership.change(by=actor, at=now, **own):
        entry = ("membership.changed", membership, changes)
        record_in_list(todo_list, entry, actor=actor, at=now)
        User.objects.filter(pk=actor.pk).touch_access()
