"""Read and write rows of PostgreSQL with COPY."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from core.errors import Conflict
from todo_project.archive.tables import IN_USE, Column, Table, execute, quoted

# Independent of the server's date style, time zone and bytea output.
_TEXTS = {
    "moment": "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US\"+00\"')",
    "date": "to_char({0}, 'YYYY-MM-DD')",
    "time": "to_char({0}, 'HH24:MI:SS.US')",
    "binary": "'\\x' || encode({0}, 'hex')",
}
_FOREIGN_KEYS = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format(
        'ALTER TABLE %%s ADD CONSTRAINT %%I %%s',
        conrelid::regclass, conname, pg_get_constraintdef(oid)
    )
FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])
"""
_INDEXES = """
SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid = ANY(%s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_COLUMNS = """
SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
    AND attgenerated = ''
"""


@contextmanager
def snapshot() -> Iterator[None]:
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def columns_of(table: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [quoted(table)])
        return [(str(name), str(kind)) for name, kind in cursor.fetchall()]


def read_rows(table: Table) -> Iterator[bytes]:
    texts = ", ".join(map(_text, table.columns))
    rows = f"SELECT {texts} FROM {quoted(table.name)} ORDER BY {_order(table)}"  # noqa: S608  (our own names)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({rows}) TO STDOUT") as copy,
    ):
        for row in copy:
            yield bytes(row)


@contextmanager
def exclusive(tables: Collection[Table]) -> Iterator[None]:
    names = ", ".join(quoted(table.name) for table in tables)
    with transaction.atomic():
        try:
            execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
        except OperationalError as error:
            raise Conflict(IN_USE) from error
        yield


@contextmanager
def without_indexes(tables: Collection[Table]) -> Iterator[None]:
    """Drop foreign keys as well: adding one back checks all rows in one query."""
    names = [quoted(table.name) for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(_FOREIGN_KEYS, [names])
        keys = cursor.fetchall()
        cursor.execute(_INDEXES, [names])
        indexes = cursor.fetchall()
    execute(*(drop for drop, _create in [*keys, *indexes]))
    yield
    execute(*(create for _drop, create in [*indexes, *keys]))
    execute(f"ANALYZE {', '.join(names)}")


def load_rows(table: Table, rows: Iterable[bytes]) -> None:
    columns = ", ".join(map(quoted, table.column_names))
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quoted(table.name)} ({columns}) FROM STDIN") as copy,
    ):
        for lines in rows:
            copy.write(lines)


def _text(column: Column) -> str:
    return _TEXTS.get(column.kind, "{0}").format(quoted(column.name))


def _order(table: Table) -> str:
    # Ordered by bytes as in SQLite, so that the same rows give the same archive.
    collation = ' COLLATE "C"' if table.key.kind == "text" else ""
    return f"{quoted(table.key.name)}{collation}"
