"""Model fields and database functions of todos."""

from __future__ import annotations

from typing import Any

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


class IndexedSearchField(SearchField):
    """A search text whose pairs of neighbouring characters PostgreSQL indexes.

    Unlike words or trigrams they serve Chinese, where two characters are a word.
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
