"""Querysets that are limited to what a user may see or edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import GreaterThan, LessThan
from django.db.models.sql.compiler import SQLCompiler

from core.characters import search_words

if TYPE_CHECKING:
    from core.users import User

Row = TypeVar("Row", bound=models.Model, covariant=True)
# The value of the ordering column and the primary key of a row.
Position = tuple[Any, Any]
FAR = 1_000  # rows; to skip fewer costs little


@dataclass(frozen=True)
class Order:
    """An order by one column that is never NULL; the primary key breaks ties."""

    field: str
    descending: bool = False

    def reversed(self) -> Order:
        return Order(self.field, not self.descending)

    @property
    def columns(self) -> tuple[str, str]:
        sign = "-" if self.descending else ""
        return f"{sign}{self.field}", f"{sign}pk"

    def position_of(self, row: models.Model) -> Position:
        """Return the position of the row in this order, as a cursor holds it."""
        return getattr(row, self.field), row.pk


class RowValue(models.Func):
    """(a, b) compared as one value; the equivalent with OR would scan the index."""

    function = ""  # SQL's row constructor has no name
    output_field: models.Field[Any, Any] = models.Field()


class IsAmong(models.Func):
    """Whether a column is in the result of a subquery, which runs only once.

    With IN, PostgreSQL may run the subquery again for every row if its statistics
    predict a single row, as in an installation that was empty a minute ago.
    """

    output_field = models.BooleanField()

    def __init__(self, column: str, rows: models.QuerySet[Any]) -> None:
        super().__init__(column, models.Subquery(rows))

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        *_: object,
        **__: object,
    ) -> Any:
        (column, its_params), (rows, params) = map(
            compiler.compile, self.source_expressions
        )
        on_postgresql = connection.vendor == "postgresql"
        found = f"= ANY(ARRAY{rows})" if on_postgresql else f"IN {rows}"
        return f"{column} {found}", (*its_params, *params)


class ScopedQuerySet(models.QuerySet[Row]):
    """A queryset that knows who may see and edit its rows.

    Its methods raise by default, so that a missing scope never shows rows to everyone.
    """

    def visible_to(self, user: User) -> Self:
        """Keep the rows that the user may see."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define who may see its rows."
        )

    def editable_by(self, user: User) -> Self:
        """Keep the rows that the user may change."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define who may edit its rows."
        )

    def holding(self, text: str) -> Self:
        """Keep the rows that hold all words of the text, in any order."""
        found, words = self, search_words(text)
        for word in words:
            if not any(word in other for other in words if other != word):
                found = found.filter(search_key__holds=word)
        return found

    def field_of(self, order: Order) -> Any:
        """Return the field of the column that the order compares."""
        column: Any = self.query.annotations.get(order.field)
        return (
            column.output_field if column else self.model._meta.get_field(order.field)
        )

    def beyond(self, order: Order, position: Position) -> Self:
        """Keep the rows that come after the position in this order."""
        field, key = self.field_of(order), self.model._meta.pk
        comes_after = LessThan if order.descending else GreaterThan
        here = RowValue(order.field, "pk")
        there = RowValue(_as_value(position[0], field), _as_value(position[1], key))
        return self.filter(comes_after(here, there))

    def count_up_to(self, limit: int) -> int:
        """Return the number of rows, or `limit` if there are more."""
        return self.order_by()[:limit].count()

    def keyset_page(
        self, order: Order, *, after: Position | None, offset: int, limit: int
    ) -> Sequence[Row]:
        """Return up to `limit` rows in order, after a position or an offset."""
        rows = self.beyond(order, after) if after else self
        return list(rows.order_by(*order.columns)[offset : offset + limit])


def _as_value(value: Any, field: Any) -> Any:
    """Return a value of a position in SQL; a statement may have parameters there."""
    if isinstance(value, models.Expression):
        return value
    return models.Value(field.to_python(value), output_field=field)
