"""The database backend; Django looks for `DatabaseWrapper` in this module."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base

from core.timeouts import current_answer_timeout


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
    """psycopg as Django uses it (PEP 249), except for the class of connections."""

    connect = BoundedConnection.connect

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class DatabaseWrapper(base.DatabaseWrapper):
    # `get_new_connection` calls `Database.connect`. Overriding that method would mean
    # repeating how Django sets the isolation level.
    Database: Any = _Driver()
