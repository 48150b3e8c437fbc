"""The connection to the database of the current thread."""

from __future__ import annotations

from django.db import connection


def release_connection() -> None:
    """Close the connection unless a transaction is open; the next query opens another.

    Call it before a client sends or receives a file: a slow one takes minutes, and the
    database has a limited number of connections.
    """
    if not connection.in_atomic_block:
        connection.close()
