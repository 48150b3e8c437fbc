"""The tables as the database has them, where that differs from the models.

After a rollback the database keeps the tables and columns that a later release has
added. A backup contains them as well, so nothing is lost when that release returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.errors import Conflict
from todo_project.archive.engines import engine
from todo_project.archive.tables import (
    Column,
    Table,
    later_migrations,
    tables,
)

# The SQL types of both engines; those with a length begin with these words.
_KINDS = {
    "bigint": "integer",
    "blob": "binary",
    "bool": "boolean",
    "bytea": "binary",
    "char(": "text",
    "char(32)": "uuid",
    "character varying": "text",
    "date": "date",
    "datetime": "moment",
    "integer": "integer",
    "jsonb": "json",
    "smallint": "integer",
    "text": "text",
    "time": "time",
    "timestamp with time zone": "moment",
    "time without time zone": "time",
    "uuid": "uuid",
    "varchar": "text",
}


def stored_tables(applied: list[str]) -> dict[str, Table]:
    """Return the tables that a backup of a database with these migrations contains.

    Raise Conflict if a column of a later release has a type that archives lack.
    """
    return database_tables(applied) if later_migrations(applied) else tables()


def database_tables(applied: Iterable[str]) -> dict[str, Table]:
    """Return the tables that the database has of the apps with these migrations."""
    apps = {name.partition(".")[0] for name in applied}
    found = (table_of(name) for name in _names(apps))
    return {table.name: table for table in sorted(found, key=lambda table: table.name)}


def _names(apps: set[str]) -> Iterator[str]:
    """Yield the tables of our models, and those named after one of the apps.

    Others belong to the operator, such as those of an extension.
    """
    internal = MigrationRecorder.Migration._meta.db_table
    for name in connection.introspection.table_names():
        is_ours = any(name.startswith(f"{app}_") for app in apps)
        if name in tables() or (is_ours and name != internal):
            yield name


def table_of(name: str) -> Table:
    known = {c.name: c for c in tables()[name].columns} if name in tables() else {}
    columns = {
        column: known.get(column) or Column(column, kind_of(name, column, sql_type))
        for column, sql_type in engine().columns_of(name)
    }
    with connection.cursor() as cursor:
        key = connection.introspection.get_primary_key_column(cursor, name)
    if key not in columns:
        raise Conflict(f"The table {name} of a later release has no simple key.")
    return Table.of(name, columns.values(), columns[key])


def kind_of(table: str, column: str, sql_type: str) -> str:
    for beginning, kind in sorted(_KINDS.items(), reverse=True):  # the longest first
        if sql_type.startswith(beginning):
            return kind
    raise Conflict(
        f"The column {table}.{column} of a later release has the type {sql_type}, "
        "which this release cannot archive; run the backup with that release."
    )
