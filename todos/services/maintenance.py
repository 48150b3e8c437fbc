"""Repairs and housekeeping, done by the system itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from todos.models import MemberRole, Membership, Todo, TodoList
from todos.services.locking import Entry, record_in_list
from todos.services.trash import purge_list, purge_list_trash


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


def old_trash(before: datetime) -> QuerySet[Todo]:
    """Return what went to the trash before then, by itself or with its list."""
    old_lists = TodoList.objects.filter(deleted_at__lt=before).values("pk")
    return Todo.with_trash.filter(Q(deleted_at__lt=before) | Q(list__in=old_lists))


def purge_old_todos(*, before: datetime, now: datetime) -> list[Iterator[int]]:
    """Return for each list what purges its part of `old_trash`, once it is iterated.

    It yields how many todos each transaction took.
    """
    # Two questions, each with an index: together they would read every todo.
    old = Todo.with_trash.filter(deleted_at__lt=before)
    lists = {
        *old.order_by().values_list("list", flat=True).distinct(),
        *TodoList.objects.filter(deleted_at__lt=before).values_list("pk", flat=True),
    }
    return [_purge_in_batches(TodoList(pk=pk), before, now) for pk in sorted(lists)]


def purge_old_lists(*, before: datetime, now: datetime) -> Iterator[int]:
    """Purge the lists trashed before then, each in a transaction; yield 1 for each."""
    old = TodoList.objects.filter(deleted_at__lt=before).order_by("pk")
    for pk in old.values_list("pk", flat=True):
        yield int(_purge_if_trashed(pk, before, now))


def _purge_in_batches(
    todo_list: TodoList, before: datetime, now: datetime
) -> Iterator[int]:
    while count := purge_list_trash(todo_list=todo_list, before=before, now=now):
        yield count


@transaction.atomic
def _purge_if_trashed(list_id: UUID, before: datetime, now: datetime) -> bool:
    """Purge the list unless somebody restored it; tell whether it went."""
    lists = TodoList.objects.select_for_update().filter(pk=list_id)
    todo_list = lists.filter(deleted_at__lt=before).first()
    if todo_list is not None:
        purge_list(todo_list=todo_list, now=now)
    return todo_list is not None


def _claim(todo_list: TodoList, member: Membership) -> tuple[bool, bool, str, datetime]:
    return (
        member.user_id != todo_list.inbox_of_id,
        not member.user.is_active,
        member.role,  # editor < viewer
        member.created_at,
    )
