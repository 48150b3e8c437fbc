"""Measure statements and requests; log slow statements with their query plans."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic, perf_counter
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from core.timeouts import has_statement_timeout

logger = logging.getLogger(__name__)

PLANS_PER_MINUTE = 6  # per process, because EXPLAIN adds to the load
PLAN_TIMEOUT = 250  # milliseconds
STATEMENT_LENGTH = 2000  # characters; statements with 1,000 values are cut

_PLANNED = re.compile(r"[\s(]*(SELECT|WITH|UPDATE|DELETE)\b", re.IGNORECASE)
# Quotes in a literal are doubled, also in PostgreSQL's E'…\\…'.
_QUOTED = re.compile(r"""("(?:[^"]|"")*")|E?'(?:[^']|'')*'""")


@dataclass(slots=True)
class Timing:
    """The cost of a request or task so far; times are in seconds."""

    started: float = field(default_factory=perf_counter)
    statements: int = 0
    database: float = 0.0
    cache_calls: int = 0
    cache: float = 0.0

    def total(self) -> float:
        return perf_counter() - self.started


_current: ContextVar[Timing | None] = ContextVar("timing", default=None)
_plans: deque[float] = deque(maxlen=PLANS_PER_MINUTE)  # times of the last EXPLAINs


@contextmanager
def measured() -> Iterator[Timing]:
    """Measure the block: a request or a task."""
    timing = Timing()
    token = _current.set(timing)
    try:
        yield timing
    finally:
        _current.reset(token)


@contextmanager
def cache_call() -> Iterator[None]:
    """Count the block as one call to the cache."""
    begin = perf_counter()
    try:
        yield
    finally:
        if timing := _current.get():
            timing.cache_calls += 1
            timing.cache += perf_counter() - begin


def watch_connection(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Measure every statement of a new or reopened connection."""
    if watch_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(watch_statement)


def watch_statement(
    execute: Callable[..., Any],
    sql: str,
    params: Any,
    many: bool,
    context: dict[str, Any],
) -> Any:
    """Execute and measure the statement, without the fetching of its rows."""
    begin, failed = perf_counter(), True
    try:
        result = execute(sql, params, many, context)
        failed = False
        return result
    finally:
        took = perf_counter() - begin
        if timing := _current.get():
            timing.statements += 1
            timing.database += took
        limit = settings.SLOW_QUERY_MS
        if limit and has_statement_timeout() and took * 1000 >= limit:
            can_explain = not (failed or many) and _PLANNED.match(sql)
            plan = plan_of(context["connection"], sql, params) if can_explain else ""
            log_slow_query(sql, took, failed, context["cursor"].rowcount, plan)


def log_slow_query(sql: str, took: float, failed: bool, rows: int, plan: str) -> None:
    fields: dict[str, Any] = {
        "sql": without_literals(" ".join(sql.split()))[:STATEMENT_LENGTH],
        "ms": round(took * 1000, 1),
    }
    if failed:
        fields["failed"] = True
    if rows >= 0:
        fields["rows"] = rows
    if plan:
        fields["plan"] = plan
    logger.warning("slow query", extra=fields)


def plan_of(connection: Any, sql: str, params: Any) -> str:
    """Return the statement's plan without literals, or an empty string.

    The plan depends on the parameters, so it is made with them. They may be users'
    content, so they are not logged.
    """
    now = monotonic()
    if len(_plans) == PLANS_PER_MINUTE and now - _plans[0] < 60:
        return ""
    _plans.append(now)
    explain = {"postgresql": _explain_postgresql, "sqlite": _explain_sqlite}
    try:
        rows = explain[connection.vendor](connection, sql, params)
    except connection.Database.Error:
        return ""
    plan = without_literals("\n".join(row[-1] for row in rows))
    return "" if "'" in plan else plan


def without_literals(text: str) -> str:
    """Replace string literals in SQL or a plan by ?; quoted names stay."""
    return _QUOTED.sub(lambda found: found[1] or "?", text)


def _explain_postgresql(connection: Any, sql: str, params: Any) -> list[Any]:
    # In its own transaction or savepoint, so that a failure or the timeout does not
    # affect the caller's transaction.
    with connection.connection.transaction(force_rollback=True):
        cursor = connection.create_cursor()
        cursor.execute(f"SET LOCAL statement_timeout = {PLAN_TIMEOUT}")
        cursor.execute(f"EXPLAIN {sql}", params)
        rows: list[Any] = cursor.fetchall()
        return rows


def _explain_sqlite(connection: Any, sql: str, params: Any) -> list[Any]:
    cursor = connection.create_cursor()
    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
    rows: list[Any] = cursor.fetchall()
    return rows
