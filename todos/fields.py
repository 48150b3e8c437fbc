"""Model fields and database functions of todos."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Lookup
from django.db.models.sql.compiler import SQLCompiler

from core.fields import FoldedField


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


@FoldedField.register_lookup
class Holds(Lookup):
    """The folded text contains this folded text.

    On PostgreSQL the pairs of neighbouring characters are indexed: unlike words or
    trigrams they serve Chinese, where two characters are a word.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        return f"INSTR({lhs}, {rhs}) > 0", [*lhs_params, *rhs_params]

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> Any:
        lhs, lhs_params = self.process_lhs(compiler, connection)
        rhs, rhs_params = self.process_rhs(compiler, connection)
        params = [*lhs_params, *rhs_params]
        holds = f"STRPOS({lhs}, {rhs}) > 0"
        if len(str(self.rhs)) < 2:
            return holds, params
        pairs = f"todos_pairs({lhs}) @> todos_pairs({rhs})"
        return f"({pairs} AND {holds})", params + params
