"""The interface between archives and database engines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from django.db import connection

from todo_project.archive import postgresql, sqlite
from todo_project.archive.tables import Table


class Engine(Protocol):
    """Read and write rows as lines in the text format of PostgreSQL's COPY."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Hold a consistent snapshot of all tables without blocking writers."""

    def columns_of(self, table: str) -> list[tuple[str, str]]:
        """Return the name and SQL type of each column that is not generated."""

    def read_rows(self, table: Table) -> Iterator[bytes]:
        """Yield the rows by key, as lines or parts of lines."""

    def exclusive(self, tables: Collection[Table]) -> AbstractContextManager[None]:
        """Hold a transaction with exclusive access to the tables."""

    def without_indexes(
        self, tables: Collection[Table]
    ) -> AbstractContextManager[None]:
        """Drop the indexes and rebuild them after the block."""

    def load_rows(self, table: Table, rows: Iterable[bytes]) -> None:
        """Insert rows in the format that `read_rows` yields."""


_ENGINES: dict[str, Engine] = {"postgresql": postgresql, "sqlite": sqlite}


def engine() -> Engine:
    return _ENGINES[connection.vendor]
