"""Check the moments that are computed from due date, time and zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone

from core.db.bulk import in_batches
from core.registry import DoctorCheck, RowCounter
from todos.models import Todo
from todos.services.maintenance import recompute_due


def find_wrong_dues(counter: RowCounter) -> Iterator[str]:
    for todo in _wrong_dues(counter):
        yield f"Todo {todo.pk} has a due moment that its date and time do not give."


def repair_dues() -> None:
    by_list: dict[UUID, list[UUID]] = defaultdict(list)
    for todo in _wrong_dues():
        by_list[todo.list_id].append(todo.pk)
    for list_id, ids in by_list.items():
        recompute_due(list_id=list_id, ids=ids, now=timezone.now())


def _wrong_dues(counter: RowCounter | None = None) -> Iterator[Todo]:
    columns = ("list", "due_on", "due_time", "due_zone", "due_at")
    for batch in in_batches(Todo.with_trash.exclude(due_on=None).only(*columns)):
        for todo in batch:
            if todo.due_at != todo.due.moment:
                yield todo
        if counter:
            counter.add(len(batch))


CHECKS = (
    DoctorCheck(
        "due",
        find_wrong_dues,
        repair_dues,
        "recomputes the moments, as a recorded change of each todo",
        size=lambda: Todo.with_trash.exclude(due_on=None).count(),
    ),
)
