"""How long a database is waited for that says nothing at all.

The server ends a slow statement itself. One that hangs, or is cut off, ends nothing,
and its socket stays open: only a clock on this side tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, OperationalError, errors

from core.timeouts import is_hurried

PROBE = 1  # seconds; nginx waits five for all that a probe looks at
_patience: ContextVar[float] = ContextVar("patience")


@contextmanager
def patient_for(seconds: float) -> Iterator[None]:
    """Wait no longer than this for each answer of the database."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


class BoundedConnection(Connection[Any]):
    """A connection that is given up when no answer comes."""

    def wait(
        self, gen: Any, interval: float = 0.1, timeout: float | None = None
    ) -> Any:
        if timeout is None and is_hurried():
            timeout = _patience.get(settings.ANSWER_TIMEOUT)
        try:
            return super().wait(gen, interval, timeout)
        except errors._WaitTimeout:
            self.close()  # whatever it may still say answers nothing any more
            raise OperationalError(f"No answer within {timeout:g} s.") from None


def bound_connection(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Bound the waiting of a connection that was just made."""
    if connection.vendor == "postgresql":
        # Django leaves no choice of the class that it connects with.
        connection.connection.__class__ = BoundedConnection
