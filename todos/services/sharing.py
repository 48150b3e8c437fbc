"""Share a list: its members and their roles."""

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
from todos.querysets import EDITING_ROLES
from todos.services.lists import InboxStays, last_position
from todos.services.locking import Entry, lock_list, record_in_list


class LastOwner(Conflict):
    code = "last_owner"
    message = _("A list needs at least one owner. Make another member the owner first.")


class AlreadyMember(Conflict):
    code = "already_member"
    message = _("This person is already a member of the list.")


@transaction.atomic
def share_list(
    *, actor: User, todo_list: TodoList, user: User, role: MemberRole, now: datetime
) -> Membership:
    """Make a person a member of the list."""
    require(actor, "todos.add_membership")
    locked = lock_list(actor=actor, list_id=todo_list.pk, role=MemberRole.OWNER)
    if locked.is_inbox:
        raise InboxStays
    if locked.memberships.filter(user=user).exists():
        raise AlreadyMember
    # This locks the person, who may have been removed or disabled meanwhile.
    if not User.objects.filter(pk=user.pk, is_active=True).touch_access():
        raise Missing
    membership = Membership(
        list=locked, user=user, role=role, position=last_position(user)
    )
    membership.stamp(by=actor, at=now)
    membership.save(force_insert=True)
    entry = ("membership.created", membership, membership.created_changes())
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
        _require_other_owner(locked, membership)
    set_role(locked, membership, role, actor=actor, now=now)
    return membership


@transaction.atomic
def remove_member(
    *,
    actor: User | None,
    membership: Membership,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Remove a member, who may be the actor; their todos become unassigned."""
    require(actor, "todos.delete_membership")
    is_leaving = actor is not None and actor.pk == membership.user_id
    role = MemberRole.VIEWER if is_leaving else MemberRole.OWNER
    locked, membership = _lock_membership(actor, membership, role, expected)
    _require_other_owner(locked, membership)
    remove_membership(locked, membership, actor=actor, now=now)


def set_role(
    locked: TodoList,
    membership: Membership,
    role: MemberRole,
    *,
    actor: User | None,
    now: datetime,
) -> None:
    """Change the role of a member of a locked list.

    The todos of a member who becomes a viewer become unassigned: viewers cannot finish
    them.
    """
    if changes := membership.change(by=actor, at=now, role=role):
        may_edit = role in EDITING_ROLES
        entries = [] if may_edit else _unassign(membership, actor, now)
        entries.append(("membership.changed", membership, changes))
        record_in_list(locked, *entries, actor=actor, at=now)
        User.objects.filter(pk=membership.user_id).touch_access()


def remove_membership(
    locked: TodoList, membership: Membership, *, actor: User | None, now: datetime
) -> None:
    """Remove a member from a locked list that has another owner."""
    entries = _unassign(membership, actor, now)
    entries.append(("membership.removed", membership, membership.deleted_changes()))
    record_in_list(locked, *entries, actor=actor, at=now)
    User.objects.filter(pk=membership.user_id).touch_access()
    # A stored response about the membership contains the person's name.
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


def _require_other_owner(locked: TodoList, membership: Membership) -> None:
    if membership == locked.sole_owner:
        raise LastOwner


def _unassign(membership: Membership, actor: User | None, now: datetime) -> list[Entry]:
    """Clear the assignee of the member's todos in the list, also of trashed ones."""
    todos = list(
        Todo.with_trash.filter(list=membership.list_id, assignee=membership.user_id)
    )
    entries: list[Entry] = []
    for todo in todos:
        changes = todo.assign(by=actor, at=now, assignee=None)
        entries.append(("todo.changed", todo, changes))
    Todo.save_many(todos, "assignee")
    return entries
