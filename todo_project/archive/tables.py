"""The tables of an archive, and the kind of value in each column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

IN_USE = "The database is in use; stop the service first."
# Field types that are missing here have no text format yet: they stop every backup,
# and fail the test that checks all models.
_KINDS = {
    "AutoField": "integer",
    "BigAutoField": "integer",
    "BigIntegerField": "integer",
    "BinaryField": "binary",
    "BooleanField": "boolean",
    "CharField": "text",
    "DateField": "date",
    "DateTimeField": "moment",
    "IntegerField": "integer",
    "JSONField": "json",
    "PositiveBigIntegerField": "integer",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "integer",
    "TextField": "text",
    "TimeField": "time",
    "UUIDField": "uuid",
}


@dataclass(frozen=True)
class Column:
    name: str
    kind: str


@dataclass(frozen=True)
class Table:
    """A table, its columns, and the key that orders its rows."""

    name: str
    columns: tuple[Column, ...]
    key: Column

    @classmethod
    def of(cls, name: str, columns: Iterable[Column], key: Column) -> Table:
        """Return the table with its columns in an order that is the same for all.

        The key comes first, then the others by name: a release that reads the columns
        from the database and one that reads them from its models agree.
        """
        others = sorted({*columns} - {key}, key=lambda column: column.name)
        return cls(name, (key, *others), key)

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]


@cache
def tables() -> dict[str, Table]:
    """Return all tables except that of migrations, which a restore does not change."""
    found = [table_of(model) for model in archived_models()]
    return {table.name: table for table in sorted(found, key=lambda table: table.name)}


def archived_models() -> list[type[models.Model]]:
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def table_of(model: type[models.Model]) -> Table:
    options = model._meta
    columns = (
        column_of(field)
        for field in options.local_concrete_fields
        if not getattr(field, "generated", False)
    )
    return Table.of(options.db_table, columns, column_of(options.pk))


def column_of(field: models.Field[Any, Any]) -> Column:
    target = field
    while target.remote_field:
        target = target.target_field  # type: ignore[attr-defined]
    kind = _KINDS.get(target.get_internal_type())
    if kind is None:
        raise ImproperlyConfigured(f"Archives have no format for the type of {field}.")
    return Column(str(field.column), kind)


def applied_migrations() -> list[str]:
    """Return the applied migrations as app.name."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def later_migrations(applied: Iterable[str]) -> list[str]:
    """Return those of the migrations that only a later release has."""
    disk = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return sorted(set(applied) - {f"{app}.{name}" for app, name in disk})


def count_rows(table: Table) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {quoted(table.name)}")  # noqa: S608  (our own names)
        (count,) = cursor.fetchone()
    return int(count)


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
