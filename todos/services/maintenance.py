"""Repairs and regular clean-up, done by the system itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from todos.models import Membership, Todo, TodoList
from todos.services.lists import touch_members
from todos.services.locking import Entry, record_in_list
from todos.services.trash import purge_list, purge_list_trash

COUNTED = 20  # lists whose todos are counted in one transaction


@transaction.atomic
def recompute_due(*, list_id: UUID, ids: Collection[UUID], now: datetime) -> int:
    """Recompute when these todos of a list are due; return how many changed.

    The rules of a time zone may have changed since the todos were saved. Like any
    change, this raises the version of the todo and the revision of the list.
    """
    locked = TodoList.objects.select_for_update().get(pk=list_id)
    entries: list[Entry] = []
    for todo in Todo.with_trash.filter(list=locked, pk__in=ids):
        changes = todo.change(by=None, at=now, due_at=todo.due.moment)
        if changes:
            entries.append(("todo.changed", todo, changes))
    if entries:
        record_in_list(locked, *entries, actor=None, at=now)
    return len(entries)


def assigned_to_others_than_editors() -> QuerySet[Todo]:
    """Return the todos whose assignee may not edit them, and so cannot finish them."""
    editor = Membership.objects.editors().filter(
        list=OuterRef("list"), user=OuterRef("assignee")
    )
    return Todo.with_trash.exclude(assignee=None).exclude(Exists(editor))


@transaction.atomic
def unassign_others_than_editors(*, list_id: UUID, now: datetime) -> None:
    """Remove the assignees in a list who may not edit it, as recorded changes."""
    locked = TodoList.objects.select_for_update().get(pk=list_id)
    todos = list(assigned_to_others_than_editors().filter(list=locked))
    entries: list[Entry] = [
        ("todo.changed", todo, todo.assign(by=None, at=now, assignee=None))
        for todo in todos
    ]
    Todo.save_many(todos, "assignee")
    record_in_list(locked, *entries, actor=None, at=now)


def count_uncounted() -> Iterator[int]:
    """Count the todos of lists that the previous release has changed.

    Each step is a transaction, and yields the number of its lists.
    """
    keys = TodoList.objects.uncounted().order_by("pk").values_list("pk", flat=True)
    batch = list(keys[:COUNTED])
    while batch:
        yield count_todos(ids=batch)
        batch = list(keys.filter(pk__gt=batch[-1])[:COUNTED])


@transaction.atomic
def count_todos(*, ids: Collection[UUID]) -> int:
    """Lock these lists and count their todos; return the number of lists."""
    lists = TodoList.objects.filter(pk__in=ids)
    list(lists.select_for_update().order_by("pk").values_list("pk"))
    # Only a later statement sees what was committed before the lists were locked.
    return int(lists.count_todos())


@transaction.atomic
def repair_counters(*, list_id: UUID) -> None:
    """Count the todos of a list whose counters are wrong; no event is recorded."""
    count_todos(ids=[list_id])
    # Answers with totals are outdated, although no revision is raised.
    touch_members(TodoList(pk=list_id))


def old_trash(before: datetime) -> QuerySet[Todo]:
    """Return the todos that were trashed before a moment, or whose list was."""
    old_lists = TodoList.objects.filter(deleted_at__lt=before).values("pk")
    return Todo.with_trash.filter(Q(deleted_at__lt=before) | Q(list__in=old_lists))


def purge_old_todos(*, before: datetime, now: datetime) -> list[Iterator[int]]:
    """Return an iterator for each list that purges its part of `old_trash`.

    Each step is a transaction and yields how many todos it purged.
    """
    # Two queries, each with an index: one with OR would read every todo.
    old = Todo.with_trash.filter(deleted_at__lt=before)
    lists = {
        *old.order_by().values_list("list", flat=True).distinct(),
        *TodoList.objects.filter(deleted_at__lt=before).values_list("pk", flat=True),
    }
    return [_purge_in_batches(TodoList(pk=pk), before, now) for pk in sorted(lists)]


def purge_old_lists(*, before: datetime, now: datetime) -> Iterator[int]:
    """Purge the lists trashed before a moment; each step is a transaction, yields 1."""
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
    """Purge the list unless it was restored meanwhile; return whether it was purged."""
    lists = TodoList.objects.select_for_update().filter(pk=list_id)
    todo_list = lists.filter(deleted_at__lt=before).first()
    if todo_list is not None:
        purge_list(todo_list=todo_list, now=now)
    return todo_list is not None
