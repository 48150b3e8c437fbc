"""What archives ask of a database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from django.db import connection

from todo_project.archive import postgresql, sqlite
from todo_project.archive.tables import Table


class Engine(Protocol):
    """Rows come and go as the lines that PostgreSQL's COPY writes as text."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Hold one state of all tables, which other writers do not wait for."""

    def read_rows(self, table: Table) -> Iterator[bytes]:
        """Yield the rows by key, a line or a part of one at a time."""

    def alone(self, tables: Collection[Table]) -> AbstractContextManager[None]:
        """Hold a transaction in which nobody else is at the tables."""

    def without_indexes(
        self, tables: Collection[Table]
    ) -> AbstractContextManager[None]:
        """Take indexes away, and build them when all rows are there."""

    def load_rows(self, table: Table, rows: Iterable[bytes]) -> None:
        """Insert rows as `read_rows` yields them."""


_ENGINES: dict[str, Engine] = {"postgresql": postgresql, "sqlite": sqlite}


def engine() -> Engine:
    return _ENGINES[connection.vendor]
