"""Check the numbers of todos that lists keep."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.db import transaction

from core.db.bulk import in_batches
from core.registry import DoctorCheck, RowCounter
from todos.counters import COUNTERS
from todos.models import TodoList
from todos.services.maintenance import COUNTED, repair_counters


def find_wrong_counters(counter: RowCounter) -> Iterator[str]:
    for todo_list in _wrong(counter):
        for state, name in COUNTERS.items():
            kept, real = _counts(todo_list, name)
            if kept != real:
                text = f"counts {kept} todos as {state}, but has {real}"
                yield f"List {todo_list.pk} {text}."


def repair_wrong_counters() -> None:
    for todo_list in _wrong():
        repair_counters(list_id=todo_list.pk)


def _wrong(counter: RowCounter | None = None) -> Iterator[TodoList]:
    """Yield the lists whose counters are wrong.

    Outdated counters are not used, and a scheduled task brings them up to date.
    """
    lists = TodoList.objects.counted().with_counts()
    for batch in in_batches(lists, COUNTED):
        suspects = [row.pk for row in batch if _is_wrong(row)]
        if suspects:
            yield from _confirm(suspects)
        if counter:
            counter.add(len(batch))


@transaction.atomic
def _confirm(ids: Collection[UUID]) -> list[TodoList]:
    """Count again with the lists locked, so that nothing changes in between."""
    lists = TodoList.objects.filter(pk__in=ids)
    list(lists.select_for_update().order_by("pk").values_list("pk"))
    found = lists.counted().with_counts().order_by("pk")
    return [todo_list for todo_list in found if _is_wrong(todo_list)]


def _is_wrong(todo_list: TodoList) -> bool:
    pairs = (_counts(todo_list, name) for name in COUNTERS.values())
    return any(kept != real for kept, real in pairs)


def _counts(todo_list: Any, name: str) -> tuple[int, int]:
    """Return the number that the list keeps, and the real one."""
    return getattr(todo_list, name), getattr(todo_list, f"real_{name}")


CHECKS = (
    DoctorCheck(
        "counters",
        find_wrong_counters,
        repair_wrong_counters,
        "counts the todos again",
        size=TodoList.objects.count,
    ),
)
