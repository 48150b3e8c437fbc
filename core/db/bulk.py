"""Read and write very many rows: what commands, samples and imports do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.models import QuerySet

from core.fields import FoldedField

IN_BATCH = 2000


def in_batches(rows: QuerySet[Any], size: int = IN_BATCH) -> Iterator[list[Any]]:
    """Yield all rows in the order of their keys, and leave no cursor open."""
    rows = rows.order_by("pk")
    batch = list(rows[:size])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:size])


def write_rows(rows: Sequence[models.Model]) -> None:
    """Insert rows of one model in the fastest way that the database has.

    No signals are sent, and ids that the database gives are not read back.
    """
    if not rows:
        return
    fields = _fields(type(rows[0]))
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(type(rows[0])._meta.db_table)
    write = _copy if connection.vendor == "postgresql" else _insert
    write(f"{table} ({columns})", _values(fields, rows), len(fields))


def refresh_statistics(*tables: type[models.Model]) -> None:
    """Tell the planner how many rows there are now, without waiting for autovacuum."""
    with connection.cursor() as cursor:
        for model in tables:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def _fields(model: type[models.Model]) -> list[Any]:
    return [
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField)
    ]


def _values(
    fields: Sequence[Any], rows: Sequence[models.Model]
) -> Iterator[Sequence[Any]]:
    """Yield what the columns of each row take, computed ones included."""
    database = connections[DEFAULT_DB_ALIAS]  # the proxy would look it up each time
    computed = [field for field in fields if isinstance(field, FoldedField)]
    adapted = [pair for pair in enumerate(fields) if _needs_adapting(pair[1])]
    take = attrgetter(*(field.attname for field in fields))
    for row in rows:
        for field in computed:
            field.pre_save(row, add=True)
        values = list(take(row))
        for index, field in adapted:
            values[index] = field.get_db_prep_save(values[index], database)
        yield values


def _needs_adapting(field: models.Field[Any, Any]) -> bool:
    """Tell whether the driver does not take the values as Python has them."""
    return connection.vendor != "postgresql" or isinstance(field, models.JSONField)


def _copy(target: str, rows: Iterator[Sequence[Any]], _width: int) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {target} FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _insert(target: str, rows: Iterator[Sequence[Any]], width: int) -> None:
    marks = ", ".join(["%s"] * width)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {target} VALUES ({marks})",  # noqa: S608  (names of columns)
            list(rows),
        )
