"""Model fields and database functions of todos."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler

from core.fields import Holds, SearchField


class RankField(models.CharField):  # type: ignore[type-arg]
    """A text that every database sorts by its bytes."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        # SQLite sorts by bytes by default, PostgreSQL by the rules of a language.
        collation = "C" if connection.vendor == "postgresql" else None
        return super().db_parameters(connection) | {"collation": collation}


class OctetLength(Func):
    """How many bytes a text takes in UTF-8."""

    function = "OCTET_LENGTH"
    output_field = models.IntegerField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> Any:
        template = "LENGTH(CAST(%(expressions)s AS BLOB))"
        return self.as_sql(compiler, connection, template=template, **context)


class SortKey(Func):
    """A value to sort by that the database computes from columns; it is never NULL.

    Indexes contain the expression, so nothing is stored that could become wrong. Its
    constants are part of the SQL: SQLite does not use an index for an expression with
    parameters.
    """

    output_field = models.DateTimeField()
    columns: ClassVar[tuple[str, ...]]
    sql: ClassVar[str]
    sqlite: ClassVar[str]

    def __init__(self, *columns: Any) -> None:
        super().__init__(*(columns or self.columns))

    def as_sql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        *_: object,
        **__: object,
    ) -> Any:
        template = self.sqlite if connection.vendor == "sqlite" else self.sql
        columns = [compiler.compile(one)[0] for one in self.source_expressions]
        return template.format(*columns), ()


class DueKey(SortKey):
    """The date and time on the clock of a todo's own zone; the time zone is left out.

    All-day todos come after the times of their day, todos without a due date last.
    All-day todos have the last microsecond of the day, so a due time in it counts as
    one microsecond earlier.
    """

    columns = ("due_on", "due_time")
    sql = """(
        COALESCE({0}, DATE '9999-12-31') + CASE WHEN {1} IS NULL
        THEN TIME '23:59:59.999999' ELSE LEAST({1}, TIME '23:59:59.999998') END
    ) AT TIME ZONE 'UTC'"""
    sqlite = """COALESCE({0}, '9999-12-31') || ' ' || CASE WHEN {1} IS NULL
        THEN '23:59:59.999999' ELSE MIN({1}, '23:59:59.999998') END"""


class FinishedKey(SortKey):
    """When a todo was finished; open ones come at the end."""

    columns = ("finished_at",)
    sql = "COALESCE({0}, TIMESTAMPTZ '9999-12-31 00:00:00+00')"
    sqlite = "COALESCE({0}, '9999-12-31 00:00:00')"


SORT_KEYS: dict[str, type[SortKey]] = {"due_key": DueKey, "finished_key": FinishedKey}


class IndexedSearchField(SearchField):
    """A search text whose pairs of neighbouring characters PostgreSQL indexes.

    Unlike words or trigrams, they work for Chinese words of two characters.
    """


@IndexedSearchField.register_lookup
class HoldsPairs(Holds):
    """The text contains this word, which is folded; the index of pairs finds it."""

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> Any:
        holds, params = self.as_sql(compiler, connection)
        if len(str(self.rhs)) < 2:
            return holds, params
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        pairs = f"todos_pairs({lhs}) @> todos_pairs({rhs})"
        return f"({pairs} AND {holds})", [*lhs_params, *rhs_params, *params]
