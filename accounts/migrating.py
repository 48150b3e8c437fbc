"""How a migration changes a table that has rows, while everybody goes on using it.

A statement that waits for the lock of a table holds up all who come behind it. So such
a wait is short, and what it was for is tried again; what takes its time takes no lock
that is in anybody's way. Each operation may run again after it was interrupted. They
stand in migrations of their own, which are not atomic.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    NotInTransactionMixin,
    ValidateConstraint,
)
from django.db import OperationalError, connection, models, transaction
from django.db.migrations import AddConstraint
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.models import Q, QuerySet

from accounts.management.progress import Progress

LOCK_WAIT = "300ms"  # how long others may be held up behind a migration, each time
VACUUM_WAIT = "5s"  # longer than PostgreSQL takes to call back its own
FOR_EVER = "0"
PAUSE = 1  # second between two tries
TRIES = 45  # with the waits before and the pauses between them, about a minute
BATCH = 1000  # rows of one transaction

LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code
# Asked when the wait is over. It was, most likely, for who has been longest at a table
# that the statement names, by itself or by an index; else at any. Since when others are
# there whose role is another is not known.
_HOLDERS = """
WITH named AS (
    SELECT coalesce(indrelid, pg_class.oid) AS relation
    FROM pg_class LEFT JOIN pg_index ON indexrelid = pg_class.oid
    WHERE relname = ANY(%s)
)
SELECT relname, pid, state, extract(epoch FROM now() - xact_start)::int,
    mode = 'ShareUpdateExclusiveLock' AND is_named
FROM pg_locks JOIN pg_class ON pg_class.oid = relation
    LEFT JOIN pg_stat_activity USING (pid),
    LATERAL (SELECT relation IN (SELECT relation FROM named)) AS names (is_named)
WHERE granted AND relkind = 'r' AND relnamespace <> 'pg_catalog'::regnamespace
    AND pid <> pg_backend_pid()
    AND coalesce(xact_start < now() - interval %s, is_named)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY is_named DESC, xact_start, relname
"""
_IS_INVALID = """
SELECT 1 FROM pg_index
WHERE NOT indisvalid AND indexrelid = to_regclass(quote_ident(%s))
"""
Result = TypeVar("Result")


class StillLocked(Exception):
    """Somebody holds a table for too long; the message says who."""


# --- Waiting ------------------------------------------------------------------


def patiently(work: Callable[[], Result], *, tell: Callable[[str], object]) -> Result:
    """Do the work, again and again while somebody holds a lock that it waits for.

    The work leaves nothing half done when it fails, or begins anew. `tell` gets a
    sentence each time; StillLocked is raised after about a minute of waiting.
    """
    statement = LastStatement()
    for tries_left in reversed(range(TRIES)):
        try:
            with connection.execute_wrapper(statement):
                return work()
        except OperationalError as error:
            if not was_locked_out(error) or connection.in_atomic_block:
                raise
            who = holder_told(statement.sql)
            if not tries_left:
                raise StillLocked(who) from error
        tell(f"{who}; trying again.")
        time.sleep(PAUSE)
    raise AssertionError("The last try returns or raises.")


class LastStatement:
    """Remember what was executed last, for when it fails."""

    sql = ""

    def __call__(
        self, execute: Callable[..., Any], sql: Any, *rest: Any, **more: Any
    ) -> Any:
        self.sql = str(sql)
        return execute(sql, *rest, **more)


def was_locked_out(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE


def holder_told(sql: str) -> str:
    """Say who holds a table that the statement names; call back what cleans it."""
    holders = _ask(_HOLDERS, [re.findall(r"\w+", sql), LOCK_WAIT])
    for table in {table for table, _, _, _, is_cleaned in holders if is_cleaned}:
        end_vacuum(table)
    if not holders:
        return "Somebody has held a lock that is needed"
    table, pid, state, seconds, _is_cleaned = holders[0]
    about = f" ({state}, for {seconds} s)" if state else ""
    return f"{table} is in use by process {pid}{about}"


def end_vacuum(table: str) -> None:
    """Wait for this lock, and PostgreSQL ends its own cleaning of the table.

    It does so after a second (deadlock_timeout), which waits for other locks do not
    last. Nobody who reads or writes is held up behind this one.
    """
    name = connection.ops.quote_name(table)
    with (
        suppress(OperationalError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET LOCAL lock_timeout = '{VACUUM_WAIT}'")
        cursor.execute(f"LOCK TABLE {name} IN SHARE UPDATE EXCLUSIVE MODE")


@contextmanager
def lock_waits(limit: str) -> Iterator[None]:
    """Let statements wait so long for locks, on PostgreSQL."""
    if connection.vendor != "postgresql":
        yield
        return
    [(before,)] = _ask("SHOW lock_timeout")
    _ask("SELECT set_config('lock_timeout', %s, false)", [limit])
    try:
        yield
    finally:
        if not connection.needs_rollback:
            _ask("SELECT set_config('lock_timeout', %s, false)", [before])


def _ask(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


# --- Operations ---------------------------------------------------------------


class BuildIndex(AddIndexConcurrently):
    """Add an index beside those who write; what is left of a failed try goes first."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        with lock_waits(FOR_EVER):
            if is_invalid(self.index.name):
                schema_editor.remove_index(model, self.index, **_concurrently())
            if not is_there(model, self.index.name):
                schema_editor.add_index(model, self.index, **_concurrently())

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        with lock_waits(FOR_EVER):
            if is_there(model, self.index.name):
                schema_editor.remove_index(model, self.index, **_concurrently())


class AddCheck(NotInTransactionMixin, AddConstraintNotValid):
    """Add a check constraint: it binds what is written from now on, then all rows.

    The release before must already write what it demands.
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
        if not is_there(from_state.apps.get_model(app_label, self.model_name), name):
            is_quick = connection.vendor == "postgresql"
            base = AddConstraintNotValid if is_quick else AddConstraint
            with transaction.atomic():
                base.database_forwards(self, *places)
        if connection.vendor == "postgresql":
            with lock_waits(FOR_EVER):
                ValidateConstraint(self.model_name, name).database_forwards(*places)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        if is_there(model, self.constraint.name):
            with transaction.atomic():
                super().database_backwards(
                    app_label, schema_editor, from_state, to_state
                )


class Backfill(NotInTransactionMixin, Operation):
    """Write `values` into the rows that are as `where` says, and then no longer are.

    A thousand rows at a time, in the order of their keys, each time a transaction. Rows
    that the release before adds later are not among them. Its reverse changes nothing.
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
        """Leave the state: rows are no part of it."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._ensure_not_in_transaction(schema_editor)
        model = from_state.apps.get_model(app_label, self.model_name)
        # Past the model's managers: none of them decides which rows there are.
        rows: QuerySet[Any] = QuerySet(model).filter(self.where)
        what = self.describe()
        with Progress(what, rows.count(), stream=sys.stderr) as progress:
            for keys in batches(rows):
                batch = rows.filter(pk__gte=keys[0], pk__lte=keys[-1])
                patiently(partial(batch.update, **self.values), tell=tell)
                progress.add(len(keys))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Leave the rows: what they were before is not known."""


def batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield the keys of rows, in their order, those that are added meanwhile too."""
    ordered = rows.order_by("pk").values_list("pk", flat=True)
    keys = list(ordered[:BATCH])
    while keys:
        yield keys
        keys = list(ordered.filter(pk__gt=keys[-1])[:BATCH])


def is_there(model: type[models.Model], name: str) -> bool:
    """Tell whether the table has an index or a constraint of this name."""
    with connection.cursor() as cursor:
        table = model._meta.db_table
        return name in connection.introspection.get_constraints(cursor, table)


def is_invalid(name: str) -> bool:
    """Tell whether the building of this index began and failed."""
    return connection.vendor == "postgresql" and bool(_ask(_IS_INVALID, [name]))


def tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _concurrently() -> dict[str, bool]:
    return {"concurrently": True} if connection.vendor == "postgresql" else {}
