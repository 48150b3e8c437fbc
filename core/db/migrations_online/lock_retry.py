"""Retry statements that wait for a table lock, since requests queue behind them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeVar

from django.db import OperationalError, connection, transaction

LOCK_WAIT = "300ms"  # how long requests may wait behind a migration, each time
VACUUM_WAIT = "2s"  # longer than PostgreSQL takes to cancel an autovacuum
NO_LIMIT = "0"
PAUSE = 1  # second between two tries
TRIES = 45  # with the waits before and the pauses between them, about a minute

LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code
# Runs after the wait. The likeliest holder is the longest transaction on a table that
# the statement names, directly or by an index; otherwise on any table. The start of
# another role's transaction is not visible.
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
Result = TypeVar("Result")


class StillLocked(Exception):
    """A table stayed locked for too long; the message names the process."""


def retry_while_locked(
    work: Callable[[], Result], *, notify: Callable[[str], object]
) -> Result:
    """Call `work`; retry while another process holds a lock that it needs.

    `work` must be safe to repeat. `notify` gets a message before each retry. Raise
    StillLocked after about a minute.
    """
    statement = LastStatement()
    for tries_left in reversed(range(TRIES)):
        try:
            with connection.execute_wrapper(statement):
                return work()
        except OperationalError as error:
            if not was_locked_out(error) or connection.in_atomic_block:
                raise
            holders = holders_of(statement.sql)
            if not tries_left:
                raise StillLocked(describe(holders)) from error
        notify(f"{describe(holders)}; trying again.")
        pause(holders)
    raise AssertionError("The last try returns or raises.")


class LastStatement:
    """Remember the last executed statement, in case it fails."""

    sql = ""

    def __call__(
        self, execute: Callable[..., Any], sql: Any, *rest: Any, **more: Any
    ) -> Any:
        self.sql = str(sql)
        return execute(sql, *rest, **more)


def was_locked_out(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE


class Holder(NamedTuple):
    """A process that holds a table lock; its state is None if it is not visible."""

    table: str
    pid: int
    state: str | None
    seconds: int | None
    is_cleaning: bool


def holders_of(sql: str) -> list[Holder]:
    """Return the processes that may have blocked the statement, likeliest first."""
    words = re.findall(r"\w+", sql)
    return [Holder(*row) for row in ask(_HOLDERS, [words, LOCK_WAIT])]


def describe(holders: list[Holder]) -> str:
    if not holders:
        return "Another process holds a required lock"
    first = holders[0]
    about = f" ({first.state}, for {first.seconds} s)" if first.state else ""
    return f"{first.table} is in use by process {first.pid}{about}"


def pause(holders: list[Holder]) -> None:
    """Wait a second or, if a table is being vacuumed, until the vacuum ends."""
    cleaned = {holder.table for holder in holders if holder.is_cleaning}
    for table in cleaned:
        end_vacuum(table)
    if not cleaned:
        time.sleep(PAUSE)


def end_vacuum(table: str) -> None:
    """Wait for a lock that makes PostgreSQL cancel its autovacuum of the table.

    It cancels after a second (deadlock_timeout), longer than our other lock waits. The
    lock blocks neither reads nor writes.
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
    """Set the lock timeout inside the block, on PostgreSQL."""
    if connection.vendor != "postgresql":
        yield
        return
    [(before,)] = ask("SHOW lock_timeout")
    ask("SELECT set_config('lock_timeout', %s, false)", [limit])
    try:
        yield
    finally:
        if not connection.needs_rollback:
            ask("SELECT set_config('lock_timeout', %s, false)", [before])


def ask(sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
