"""The state of the whole database, which changes with every commit."""

from __future__ import annotations

from django.db import connection


def database_state() -> str | None:
    """Return an equal text only if nothing has been committed since; None on SQLite.

    A snapshot of PostgreSQL lists the transactions whose effects are visible.
    """
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        row: tuple[str] = cursor.fetchone()
    return row[0]
