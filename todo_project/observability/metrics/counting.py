"""The metrics of this process, and the functions that increase them.

Labels come from small fixed sets: names of routes and tasks, methods, statuses. Every
metric has a label, because one without creates its value at import, before `share`
has set where values are stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

disable_created_metrics()  # files shared between processes do not support them

REGISTRY = CollectorRegistry()
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds

_requests = Counter(
    "todo_requests",
    "Requests finished",
    ["method", "route", "status"],
    registry=REGISTRY,
)
_request_seconds = Histogram(
    "todo_request_seconds",
    "Time until the response started",
    ["route"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
_in_flight = Gauge(
    "todo_requests_in_flight",
    "Requests in progress",
    ["method"],
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
_database_seconds = Counter(
    "todo_database_seconds",
    "Time requests spent waiting for statements",
    ["route"],
    registry=REGISTRY,
)
_statements = Counter(
    "todo_database_statements",
    "Statements executed by requests",
    ["route"],
    registry=REGISTRY,
)
_cache_reads = Counter(
    "todo_cache_reads",
    "Reads of the cache, by result: hit or miss",
    ["result"],
    registry=REGISTRY,
)
_left_out = Counter(
    "todo_requests_left_out",
    "Requests not computed, because they waited too long or their clients had left",
    ["source", "reason"],
    registry=REGISTRY,
)
_tasks = Counter("todo_tasks", "Tasks finished", ["task", "outcome"], registry=REGISTRY)
_task_seconds = Counter(
    "todo_task_seconds", "Time spent in tasks", ["task"], registry=REGISTRY
)


@contextmanager
def request_in_flight(method: str) -> Iterator[None]:
    """Count a request as in progress while the block runs."""
    gauge = _in_flight.labels(method)
    gauge.inc()
    try:
        yield
    finally:
        gauge.dec()


def count_request(
    *,
    method: str,
    route: str,
    status: int,
    seconds: float,
    statements: int,
    database_seconds: float,
) -> None:
    """Count a finished request, its duration and its statements."""
    finished, took, executed, waited = _metrics_of(method, route, status)
    finished.inc()
    took.observe(seconds)
    if statements:
        executed.inc(statements)
        waited.inc(database_seconds)


@lru_cache(maxsize=1024)
def _metrics_of(
    method: str, route: str, status: int
) -> tuple[Counter, Histogram, Counter, Counter]:
    """Return the metrics with these labels; to find them takes longer than to count."""
    return (
        _requests.labels(method, route, status),
        _request_seconds.labels(route),
        _statements.labels(route),
        _database_seconds.labels(route),
    )


def count_left_out(*, source: str, reason: str) -> None:
    """Count a request that is not computed; the reason is `late` or `left`."""
    _left_out.labels(source, reason).inc()


def count_cache_read(*, hit: bool) -> None:
    _cache_reads.labels("hit" if hit else "miss").inc()


def count_task(*, task: str, outcome: str, seconds: float) -> None:
    """Count a finished task with its outcome, `success` or `failure`."""
    _tasks.labels(task, outcome).inc()
    _task_seconds.labels(task).inc(seconds)
