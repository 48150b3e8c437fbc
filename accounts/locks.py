"""How long a statement waits for the locks of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction


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
