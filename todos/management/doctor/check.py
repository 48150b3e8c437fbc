"""What a check is, and how the rows of a large table are gone through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from django.db.models import Model, QuerySet

BATCH = 2000
Row = TypeVar("Row", bound=Model)


class Counter(Protocol):
    """Is told how many rows were looked at."""

    def add(self, count: int, /) -> None: ...


@dataclass(frozen=True)
class Check:
    """Something that should hold: `find` yields a sentence for each place where not.

    `mend` repairs what can be repaired without guessing, as `remedy` says.
    """

    name: str
    find: Callable[[Counter], Iterable[str]]
    mend: Callable[[], None] | None = None
    remedy: str = ""
    size: Callable[[], int] | None = None


def in_batches(rows: QuerySet[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Yield all rows in the order of their keys, and leave no cursor open."""
    rows = rows.order_by("pk")
    batch = list(rows[:size])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:size])
