"""Repairs and housekeeping, done by the system itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import User
from todos.models import MemberRole, Membership, Todo, TodoList
from todos.services.locking import Entry, record_in_list


@transaction.atomic
def find_owner(*, todo_list: TodoList, now: datetime) -> Membership | None:
    """Make somebody the owner of a list that has none; return who, if anybody can.

    Whose inbox it is comes first, then the longest-standing editor, then viewer;
    who cannot sign in comes last.
    """
    locked = TodoList.objects.select_for_update().get(pk=todo_list.pk)
    members = Membership.objects.filter(list=locked).select_related("user")
    if any(member.role == MemberRole.OWNER for member in members):
        return None
    heir: Membership | None = min(
        members, key=lambda member: _claim(locked, member), default=None
    )
    if heir is None:
        return None
    changes = heir.change(by=None, at=now, role=MemberRole.OWNER)
    entry = ("membership.changed", heir, changes)
    record_in_list(locked, entry, actor=None, at=now)
    User.objects.filter(pk=heir.user_id).touch_access()
    return heir


@transaction.atomic
def recompute_due(*, list_id: UUID, ids: Collection[UUID], now: datetime) -> int:
    """Compute anew when these todos of a list are due; return how many that changed.

    The rules of a time zone may have changed since they were written. It is a change
    of the todo like any other: version and revision rise.
    """
    locked = TodoList.objects.select_for_update().get(pk=list_id)
    entries: list[Entry] = []
    for todo in Todo.with_trash.filter(list=locked, pk__in=ids):
        due = todo.due
        changes = todo.change(by=None, at=now, due_at=due.moment, due_sort=due.sort)
        if changes:
            entries.append(("todo.changed", todo, changes))
    if entries:
        record_in_list(locked, *entries, actor=None, at=now)
    return len(entries)


def _claim(todo_list: TodoList, member: Membership) -> tuple[bool, bool, str, datetime]:
    return (
        member.user_id != todo_list.inbox_of_id,
        not member.user.is_active,
        member.role,  # editor < viewer
        member.created_at,
    )
