"""Check the words of labels and comments that search finds todos by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from core.db.bulk import in_batches
from core.registry import DoctorCheck, RowCounter
from todos.models import Todo
from todos.services.search import BATCH, extra_words, repair_search


def find_outdated(counter: RowCounter) -> Iterator[str]:
    for todo in _outdated(counter):
        yield f"Todo {todo.pk} is not found by the words of its labels and comments."


def repair_outdated() -> None:
    by_list: dict[UUID, list[UUID]] = defaultdict(list)
    for todo in _outdated():
        by_list[todo.list_id].append(todo.pk)
    for list_id, ids in by_list.items():
        repair_search(list_id=list_id, ids=ids)


def _outdated(counter: RowCounter | None = None) -> Iterator[Todo]:
    for batch in in_batches(Todo.with_trash.only("list", "search_extra"), BATCH):
        words = extra_words([todo.pk for todo in batch])
        for todo in batch:
            if todo.search_extra != words[todo.pk]:
                yield todo
        if counter:
            counter.add(len(batch))


CHECKS = (
    DoctorCheck(
        "search-extra",
        find_outdated,
        repair_outdated,
        "updates the search text",
        size=Todo.with_trash.count,
    ),
)
