"""The database backend; Django looks for `DatabaseWrapper` in this module."""

from __future__ import annotations

from time import monotonic
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from core.timeouts import current_answer_timeout

PAUSE = 2  # seconds without another attempt after one that timed out


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer in time."""

    def wait(
        self, gen: Any, interval: float = 0.1, timeout: float | None = None
    ) -> Any:
        if timeout is None:
            timeout = current_answer_timeout()
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.errors._WaitTimeout:
            self.close()  # else a late answer would be read as the next statement's
            raise psycopg.OperationalError(f"No answer within {timeout:g} s.") from None


class _Driver:
    """psycopg as Django uses it (PEP 249), except for how it connects."""

    refused_until = 0.0  # by the monotonic clock

    def connect(self, *args: Any, **options: Any) -> BoundedConnection:
        """Connect; refuse immediately if an attempt has just timed out.

        A server that hangs accepts connections and does not answer. If each request
        waited for that, those in the queue would wait for all requests before them.
        """
        if monotonic() < self.refused_until:
            raise psycopg.OperationalError("The server did not answer a moment ago.")
        try:
            return BoundedConnection.connect(*args, **options)
        except psycopg.errors.ConnectionTimeout:
            self.refused_until = monotonic() + PAUSE
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class DatabaseWrapper(base.DatabaseWrapper):
    # `get_new_connection` calls `Database.connect`. Overriding that method would mean
    # repeating how Django sets the isolation level.
    Database: Any = _Driver()
