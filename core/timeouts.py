"""How long statements may take, and how long they wait for the locks of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from django.conf import settings
from django.db import Error, connection, transaction

_is_hurried: ContextVar[bool] = ContextVar("is_hurried", default=True)


def is_hurried() -> bool:
    """Tell whether statements are expected to end soon."""
    return _is_hurried.get()


@contextmanager
def unhurried() -> Iterator[None]:
    """Let statements take their time; waiting for locks stays short."""
    token = _is_hurried.set(False)
    if connection.vendor == "postgresql":
        _execute("SET statement_timeout = 0")
    try:
        yield
    finally:
        if connection.vendor == "postgresql" and not connection.needs_rollback:
            with suppress(Error):  # a connection that was lost has no settings
                _execute("RESET statement_timeout")
        _is_hurried.reset(token)


@contextmanager
def without_waiting() -> Iterator[None]:
    """Raise OperationalError at once where somebody else holds a lock."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            _execute("SET LOCAL lock_timeout = 1")  # millisecond; 0 would be for ever
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
