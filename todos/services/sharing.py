"""Share a list: members and what they may do in it."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict, Missing
from core.models import IdempotentAnswer
from core.rights import require
from todos.models import MemberRole, Membership, Todo, TodoList
from todos.services.lists import InboxStays, last_position
from todos.services.locking import Entry, lock_list, record_in_list


class LastOwner(Conflict):
    code = "last_owner"
    message = _("A list keeps one owner. Make somebody else the owner first.")


class AlreadyMember(Conflict):
    code = "already_member"
    message = _("This person is a member of the list already.")


@transaction.atomic
def share_list(
    *, actor: User, todo_list: TodoList, user: User, role: MemberRole, now: datetime
) -> Membership:
    """Let a person into the list."""
    require(actor, "todos.add_membership")
    locked = lock_list(actor=actor, list_id=todo_list.pk, role=MemberRole.OWNER)
    if locked.is_inbox:
        raise InboxStays
    if locked.memberships.filter(user=user).exists():
        raise AlreadyMember
    # Whoever removes or disables this person waits, or has just done so.
    if not User.objects.filter(pk=user.pk, is_active=True).touch_access():
        raise Missing
    membership = Membership(
        list=locked, user=user, role=role, position=last_position(user)
    )
    membership.stamp(by=actor, at=now)
    membership.save(force_insert=True)
    entry = ("membership.created", membership, membership.as_made())
    record_in_list(locked, entry, actor=actor, at=now)
    return membership


@transaction.atomic
def change_member(
    *,
    actor: User,
    membership: Membership,
    role: MemberRole,
    now: datetime,
    expected: Container[str] | None = None,
) -> Membership:
    """Give a member another role."""
    require(actor, "todos.change_membership")
    locked, membership = _lock_membership(actor, membership, MemberRole.OWNER, expected)
    if role != MemberRole.OWNER:
        _require_other_owner(membership)
    if changes := membership.change(by=actor, at=now, role=role):
        entry = ("membership.changed", membership, changes)
        record_in_list(locked, entry, actor=actor, at=now)
        User.objects.filter(pk=membership.user_id).touch_access()
    return membership


@transaction.atomic
def remove_member(
    *,
    actor: User | None,
    membership: Membership,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Take a person out of the list, who may be the actor; todos lose the assignee."""
    require(actor, "todos.delete_membership")
    leaves = actor is not None and actor.pk == membership.user_id
    role = MemberRole.VIEWER if leaves else MemberRole.OWNER
    locked, membership = _lock_membership(actor, membership, role, expected)
    _require_other_owner(membership)
    take_out(locked, membership, actor=actor, now=now)


def take_out(
    locked: TodoList, membership: Membership, *, actor: User | None, now: datetime
) -> None:
    """Take a person out of a list that is locked and keeps an owner without them."""
    entries = _unassign(membership, actor, now)
    entries.append(("membership.removed", membership, membership.as_gone()))
    record_in_list(locked, *entries, actor=actor, at=now)
    User.objects.filter(pk=membership.user_id).touch_access()
    # An answer that told of the membership named the person.
    IdempotentAnswer.objects.forget([membership.pk])
    membership.delete()


def _lock_membership(
    actor: User | None,
    membership: Membership,
    role: MemberRole,
    expected: Container[str] | None,
) -> tuple[TodoList, Membership]:
    locked = lock_list(
        actor=actor, list_id=membership.list_id, role=role, archived=True
    )
    fresh = Membership.objects.filter(pk=membership.pk).select_related("user").first()
    if fresh is None:
        raise Missing
    fresh.expect(expected)
    return locked, fresh


def _require_other_owner(membership: Membership) -> None:
    others = Membership.objects.filter(list=membership.list_id).exclude(
        pk=membership.pk
    )
    if membership.role == MemberRole.OWNER and not others.owners().exists():
        raise LastOwner


def _unassign(membership: Membership, actor: User | None, now: datetime) -> list[Entry]:
    """Take the person off their todos in the list, trashed ones included."""
    todos = list(
        Todo.with_trash.filter(list=membership.list_id, assignee=membership.user_id)
    )
    entries: list[Entry] = []
    for todo in todos:
        changes = todo.assign(by=actor, at=now, assignee=None)
        entries.append(("todo.changed", todo, changes))
    columns = ["assignee", "version", "updated_at", "updated_by"]
    Todo.with_trash.bulk_update(todos, columns, batch_size=500)
    return entries
