"""Read and write rows of SQLite in the text format of PostgreSQL's COPY."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction

from core.errors import Conflict
from todo_project.archive.container import BadArchive
from todo_project.archive.tables import IN_USE, Column, Table, execute, quoted

NULL = "\\N"
_ESCAPES = {
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
}
_UNESCAPES = {escape: letter for letter, escape in _ESCAPES.items()}


def _escaped(expression: str) -> str:
    for letter, escape in _ESCAPES.items():
        expression = f"replace({expression}, char({ord(letter)}), '{escape}')"
    return expression


# SQL expressions, so that SQLite itself formats a row as one string.
_TEXTS = {
    "binary": "'\\\\x' || CASE WHEN {0} IS NOT NULL THEN lower(hex({0})) END",
    "boolean": "CASE {0} WHEN 1 THEN 't' WHEN 0 THEN 'f' END",
    "date": "{0}",
    "integer": "{0}",
    "json": _escaped("{0}"),
    "moment": "{0} || CASE length({0}) WHEN 19 THEN '.000000' ELSE '' END || '+00'",
    "text": _escaped("{0}"),
    "time": "{0} || CASE length({0}) WHEN 8 THEN '.000000' ELSE '' END",
    "uuid": "substr({0}, 1, 8) || '-' || substr({0}, 9, 4) || '-' || substr({0}, 13, 4)"
    " || '-' || substr({0}, 17, 4) || '-' || substr({0}, 21)",
}


@contextmanager
def snapshot() -> Iterator[None]:
    # Not atomic(): it would take the write lock and block all writers.
    execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        execute("ROLLBACK")


def columns_of(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, lower(type) FROM pragma_table_xinfo(%s) WHERE hidden = 0",
            [table],
        )
        return [(str(name), str(kind)) for name, kind in cursor.fetchall()]


def read_rows(table: Table) -> Iterator[bytes]:
    line = " || char(9) || ".join(map(_text, table.columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {line} FROM {quoted(table.name)} "  # noqa: S608  (our own names)
            f"ORDER BY {quoted(table.key.name)}"
        )
        for (row,) in cursor:
            yield f"{row}\n".encode()


@contextmanager
def exclusive(tables: Collection[Table]) -> Iterator[None]:
    # Foreign keys are checked together at the end. Checked row by row, each insert
    # would scan all previous rows for those that refer to the new one.
    with connection.constraint_checks_disabled(), ExitStack() as stack:
        try:
            stack.enter_context(transaction.atomic())
        except OperationalError as error:
            raise Conflict(IN_USE) from error
        yield


@contextmanager
def without_indexes(tables: Collection[Table]) -> Iterator[None]:
    names = {table.name for table in tables}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tbl_name, name, sql FROM sqlite_master "
            "WHERE type = 'index' AND sql IS NOT NULL"
        )
        indexes = [row for row in cursor.fetchall() if row[0] in names]
    execute(*(f"DROP INDEX {quoted(name)}" for _table, name, _sql in indexes))
    yield
    execute(*(sql for _table, _name, sql in indexes))


def load_rows(table: Table, rows: Iterable[bytes]) -> None:
    columns = ", ".join(map(quoted, table.column_names))
    places = ", ".join("%s" for _column in table.columns)
    insert = f"INSERT INTO {quoted(table.name)} ({columns}) VALUES ({places})"  # noqa: S608  (our own names)
    with connection.cursor() as cursor:
        for lines in rows:
            cursor.executemany(insert, _values(table, lines))


def _values(table: Table, lines: bytes) -> list[list[Any]]:
    readers = [_READERS[column.kind] for column in table.columns]
    try:
        return [
            [
                None if text == NULL else read(text)
                for read, text in zip(readers, line.split("\t"), strict=True)
            ]
            for line in lines.decode().removesuffix("\n").split("\n")
        ]
    except (KeyError, ValueError) as error:
        raise BadArchive(f"A row of {table.name} cannot be read.") from error


def _text(column: Column) -> str:
    text = _TEXTS[column.kind].format(quoted(column.name))
    return f"coalesce({text}, '{NULL}')"


def _read_text(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(r"(?s)\\.", lambda found: _UNESCAPES[found[0]], text)


def _exactly(length: int, read: Callable[[str], object]) -> Callable[[str], str]:
    """Return a reader of dates and times; Django stores no zero fractions."""

    def reader(text: str) -> str:
        if len(text) != length:
            raise ValueError(text)
        read(text)
        return text.removesuffix("+00").removesuffix(".000000")

    return reader


_READERS: dict[str, Callable[[str], Any]] = {
    "binary": lambda text: bytes.fromhex(text.removeprefix("\\\\x")),
    "boolean": lambda text: {"t": 1, "f": 0}[text],
    "date": _exactly(10, date.fromisoformat),
    "integer": int,
    "json": _read_text,
    "moment": _exactly(29, datetime.fromisoformat),
    "text": _read_text,
    "time": _exactly(15, time.fromisoformat),
    "uuid": lambda text: UUID(text).hex,
}
