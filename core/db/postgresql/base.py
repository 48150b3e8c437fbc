"""The database backend; Django looks for `DatabaseWrapper` in this module."""

from __future__ import annotations

from select import POLLIN, poll
from time import monotonic
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations

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


class PreparedCursor(psycopg.Cursor[Any]):
    """A cursor whose statements the server plans once for each connection."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        try:
            return super().execute(query, params, prepare=True, **options)
        except psycopg.errors.FeatureNotSupported:
            # A migration has changed the type of a column since it was planned.
            if not self.connection.autocommit:
                raise
            return super().execute(query, params, prepare=False, **options)


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        # A prepared statement is sent by its name.
        query: str | None = super().last_executed_query(cursor, sql, params)
        return query or self.compose_sql(sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    # `get_new_connection` calls `Database.connect`. Overriding that method would mean
    # repeating how Django sets the isolation level.
    Database: Any = _Driver()

    def get_connection_params(self) -> dict[str, Any]:
        # Concerns only `prepared_cursor`: others send values within the statement.
        return super().get_connection_params() | {"prepare_threshold": 0}

    def prepared_cursor(self) -> Any:
        """Return a cursor for statements that are executed again and again."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = PreparedCursor(self.connection)
            return self._prepare_cursor(cursor)  # type: ignore[attr-defined]

    def is_usable(self) -> bool:
        """Return whether the connection works, without asking an idle server.

        A server that ends a connection says so, which makes its socket readable.
        """
        return self._is_silent() or super().is_usable()

    def _is_silent(self) -> bool:
        if self.connection is None or self.connection.closed:
            return False
        waiting = poll()
        waiting.register(self.connection.fileno(), POLLIN)
        return not waiting.poll(0)
