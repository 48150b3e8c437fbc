"""Online migration operations; each can be run again after an interruption."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    NotInTransactionMixin,
    ValidateConstraint,
)
from django.db import connection, models, transaction
from django.db.migrations import AddConstraint
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.models import Q, QuerySet
from django.db.models.sql import Query

from core.db.migrations_online.lock_retry import (
    NO_LIMIT,
    ask,
    lock_waits,
    retry_while_locked,
)
from core.fields import FoldedField
from core.progress import Progress

BATCH = 1000  # rows of one transaction
ROWS_PER_UPDATE = 200  # rows of one UPDATE with a value for each
_IS_INVALID = """
SELECT 1 FROM pg_index
WHERE NOT indisvalid AND indexrelid = to_regclass(quote_ident(%s))
"""
_IN_SQLITE = """
SELECT 1 FROM sqlite_master
WHERE tbl_name = %s AND (type = 'index' AND name = %s OR INSTR(sql, %s))
"""


class BuildIndex(AddIndexConcurrently):
    """Add an index without blocking writes; first drop what a failed build left."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        with lock_waits(NO_LIMIT), one_processor():
            if is_invalid(self.index.name):
                schema_editor.remove_index(model, self.index, **_concurrently())
            if not has_constraint(model, self.index.name):
                schema_editor.add_index(model, self.index, **_concurrently())

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        with lock_waits(NO_LIMIT):
            if has_constraint(model, self.index.name):
                schema_editor.remove_index(model, self.index, **_concurrently())


class AddCheck(NotInTransactionMixin, AddConstraintNotValid):
    """Add a check constraint, first for new writes and then for all rows.

    The previous release must already write rows that satisfy it.
    """

    atomic = False

    def describe(self) -> str:
        return AddConstraint.describe(self)

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name_lower}_{self.constraint.name.lower()}"

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        places = (app_label, schema_editor, from_state, to_state)
        name = self.constraint.name
        if not has_constraint(
            from_state.apps.get_model(app_label, self.model_name), name
        ):
            is_quick = connection.vendor == "postgresql"
            base = AddConstraintNotValid if is_quick else AddConstraint
            with transaction.atomic():
                base.database_forwards(self, *places)
        if connection.vendor == "postgresql":
            with lock_waits(NO_LIMIT):
                ValidateConstraint(self.model_name, name).database_forwards(*places)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        if has_constraint(model, self.constraint.name):
            with transaction.atomic():
                super().database_backwards(
                    app_label, schema_editor, from_state, to_state
                )


class AddStatistics(NotInTransactionMixin, Operation):
    """Let PostgreSQL know how the values of an expression are distributed.

    It does not use the statistics of an index of the expression that is partial.
    """

    atomic = False
    reduces_to_sql = False
    category = OperationCategory.SQL

    def __init__(self, model_name: str, expression: models.Func, *, name: str) -> None:
        self.model_name = model_name
        self.expression = expression
        self.name = name

    def describe(self) -> str:
        return f"Create statistics {self.name} on {self.model_name}"

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing: statistics are not part of the state."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        if connection.vendor != "postgresql":
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        query = Query(model, alias_cols=False)
        resolved: Any = self.expression.resolve_expression(query)
        sql, params = query.get_compiler(connection=connection).compile(resolved)
        if params:
            raise ValueError("Statistics cannot have parameters.")
        table = schema_editor.quote_name(model._meta.db_table)
        name = schema_editor.quote_name(self.name)
        # Both take a lock that blocks neither reads nor writes.
        with lock_waits(NO_LIMIT):
            schema_editor.execute(
                f"CREATE STATISTICS IF NOT EXISTS {name} ON ({sql}) FROM {table}"
            )
            schema_editor.execute(f"ANALYZE {table}")

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if connection.vendor == "postgresql":
            name = schema_editor.quote_name(self.name)
            schema_editor.execute(f"DROP STATISTICS IF EXISTS {name}")


class Backfill(NotInTransactionMixin, Operation):
    """Write `values` to the rows matching `where`, which must then no longer match.

    Each transaction writes up to a thousand rows, in key order. Rows that the previous
    release adds later are not included. Reversing it changes nothing.
    """

    atomic = False
    reduces_to_sql = False
    category = OperationCategory.PYTHON

    def __init__(self, model_name: str, *, where: Q, values: dict[str, Any]) -> None:
        self.model_name = model_name
        self.where = where
        self.values = values

    def describe(self) -> str:
        return f"Fill {', '.join(self.values)} of {self.model_name}"

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing: rows are not part of the state."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        # Without the model's managers, which may leave out rows.
        rows: QuerySet[Any] = QuerySet(model).filter(self.where)
        what = self.describe()
        with Progress(what, rows.count(), stream=sys.stderr) as progress:
            for keys in batches(rows):
                batch = rows.filter(pk__gte=keys[0], pk__lte=keys[-1])
                retry_while_locked(partial(self.write, batch), notify=report)
                progress.add(len(keys))

    def write(self, rows: QuerySet[Any]) -> None:
        """Write the values to these rows."""
        rows.update(**self.values)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Change nothing: the previous values are not known."""


class Refold(Backfill):
    """Compute the folded columns of all rows, after they or the rules have changed.

    Each transaction reads up to a thousand rows and writes those that differ.
    """

    # Further columns, from which folded ones are computed.
    prepared: tuple[str, ...] = ()

    def __init__(self, model_name: str) -> None:
        super().__init__(model_name, where=Q(), values={})

    def describe(self) -> str:
        return f"Fold the text of {self.model_name}"

    @transaction.atomic
    def write(self, rows: QuerySet[Any]) -> None:
        columns = rows.model._meta.concrete_fields
        folded = [field for field in columns if isinstance(field, FoldedField)]
        names = [*self.prepared, *(field.attname for field in folded)]
        state_of = attrgetter("pk", *names)
        found = list(rows.select_for_update(of=("self",)))
        before = [state_of(row) for row in found]
        self.prepare(found)
        for row in found:
            for field in folded:
                field.pre_save(row, add=False)
        changed = [
            row for row, old in zip(found, before, strict=True) if state_of(row) != old
        ]
        QuerySet(rows.model).bulk_update(changed, names, batch_size=ROWS_PER_UPDATE)

    def prepare(self, rows: list[Any]) -> None:
        """Set the prepared columns of the rows."""


def batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield the keys in order, including those added in the meantime."""
    ordered = rows.order_by("pk").values_list("pk", flat=True)
    keys = list(ordered[:BATCH])
    while keys:
        yield keys
        keys = list(ordered.filter(pk__gt=keys[-1])[:BATCH])


@contextmanager
def one_processor() -> Iterator[None]:
    """Build without parallel workers, to leave other processors to requests."""
    if connection.vendor != "postgresql":
        yield
        return
    ask("SELECT set_config('max_parallel_maintenance_workers', '0', false)")
    try:
        yield
    finally:
        connection.cursor().execute("RESET max_parallel_maintenance_workers")


def has_constraint(model: type[models.Model], name: str) -> bool:
    """Return whether the table has an index or a constraint of this name."""
    table = model._meta.db_table
    if connection.vendor == "sqlite":
        # Django's introspection fails for a column with a check such as IN (0, 1).
        quoted = connection.ops.quote_name(name)
        return bool(ask(_IN_SQLITE, [table, name, f"CONSTRAINT {quoted} "]))
    with connection.cursor() as cursor:
        return name in connection.introspection.get_constraints(cursor, table)


def is_invalid(name: str) -> bool:
    """Return whether a build of this index failed and left it invalid."""
    return connection.vendor == "postgresql" and bool(ask(_IS_INVALID, [name]))


def report(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def _concurrently() -> dict[str, bool]:
    return {"concurrently": True} if connection.vendor == "postgresql" else {}
