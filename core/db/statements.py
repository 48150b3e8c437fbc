"""Statements that are compiled once per process and executed with other values.

Compiling a query takes the ORM several times as long as reading its rows. A statement
with parameters is compiled once, and PostgreSQL plans it once per connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

Row = tuple[Any, ...]
Instance = TypeVar("Instance", bound=models.Model)
Converter = Callable[[Any, Any, Any], Any]


class Param(models.Expression):
    """A value in a query that is given whenever the statement is executed."""

    def __init__(self, name: str, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, *_: object, **__: object) -> Any:
        return "%s", (self,)

    def prepared(self, value: object) -> object:
        """Return the value as the driver takes it."""
        field = self.output_field
        return field.get_db_prep_value(field.to_python(value), connection)


@dataclass(frozen=True)
class Statement:
    """SQL with its parameters, and the converters of its columns by position."""

    sql: str
    params: tuple[object, ...]
    converters: Sequence[tuple[int, models.Expression, Sequence[Converter]]]
    is_prepared: bool = True

    def rows(self, **values: object) -> list[Row]:
        """Execute it; return its rows as the ORM would return tuples of values."""
        params = [
            given.prepared(values[given.name]) if isinstance(given, Param) else given
            for given in self.params
        ]
        with _cursor(self.is_prepared) as cursor:
            cursor.execute(self.sql, params)
            rows: list[Row] = cursor.fetchall()
        return [self._converted(row) for row in rows] if self.converters else rows

    def instances(self, model: type[Instance], **values: object) -> list[Instance]:
        """Execute it; its columns must be those of the model."""
        names = columns_of(model)
        rows = self.rows(**values)
        return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in rows]

    def _converted(self, row: Row) -> Row:
        values = list(row)
        for position, expression, converters in self.converters:
            for convert in converters:
                values[position] = convert(values[position], expression, connection)
        return tuple(values)


def compiled(
    queryset: models.QuerySet[Any, Any], *, is_prepared: bool = True
) -> Statement:
    """Return the statement of a queryset: its columns in the order of the query.

    If it is not prepared, PostgreSQL plans it for its values each time.
    """
    compiler: Any = queryset.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    return Statement(sql, tuple(params), converters_of(compiler), is_prepared)


def columns_of(model: type[models.Model]) -> list[str]:
    """Return the attributes of a model that hold its columns."""
    return [field.attname for field in model._meta.concrete_fields]


def converters_of(compiler: Any) -> Any:
    """Return what a compiled query converts: (position, expression, converters)."""
    columns = [column for column, _sql, _alias in compiler.select]
    found = compiler.get_converters(columns)
    return [(at, column, convert) for at, (convert, column) in found.items()]


def _cursor(is_prepared: bool) -> AbstractContextManager[Any]:
    usual: Any = connection.cursor
    chosen = getattr(connection, "prepared_cursor", usual) if is_prepared else usual
    cursor: AbstractContextManager[Any] = chosen()
    return cursor
