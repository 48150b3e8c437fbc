"""Timeouts of database statements, locks and answers.

The server enforces the timeouts of statements and locks. A server that hangs enforces
nothing, so the client also limits its wait for PostgreSQL's answers
(`core.db.postgresql`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from django.conf import settings
from django.db import Error, connection, transaction

PROBE_TIMEOUT = 1  # seconds for each answer; nginx waits five for a whole probe

_has_statement_timeout: ContextVar[bool] = ContextVar(
    "has_statement_timeout", default=True
)
_answer_timeout: ContextVar[float] = ContextVar("answer_timeout")


def has_statement_timeout() -> bool:
    """Return whether statements have the usual timeout."""
    return _has_statement_timeout.get()


def current_answer_timeout() -> float | None:
    """Return how many seconds to wait for an answer; None means without limit."""
    if not has_statement_timeout():
        return None
    return _answer_timeout.get(settings.ANSWER_TIMEOUT)


@contextmanager
def answer_timeout(seconds: float) -> Iterator[None]:
    """Limit the wait for each answer of the database."""
    token = _answer_timeout.set(seconds)
    try:
        yield
    finally:
        _answer_timeout.reset(token)


@contextmanager
def no_statement_timeout() -> Iterator[None]:
    """Let statements take as long as they need; waits for locks stay short."""
    token = _has_statement_timeout.set(False)
    if connection.vendor == "postgresql":
        _execute("SET statement_timeout = 0")
    try:
        yield
    finally:
        if connection.vendor == "postgresql" and not connection.needs_rollback:
            with suppress(Error):  # a connection that was lost has no settings
                _execute("RESET statement_timeout")
        _has_statement_timeout.reset(token)


@contextmanager
def without_waiting() -> Iterator[None]:
    """Raise OperationalError at once where another transaction holds a lock."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            _execute("SET LOCAL lock_timeout = 1")  # millisecond; 0 means no limit
            yield
        return
    _execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        _execute(f"PRAGMA busy_timeout = {settings.LOCK_TIMEOUT * 1000}")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
