"""Statements of the operator of PostgreSQL, outside transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg


@contextmanager
def connected(host: Path, name: str = "todo") -> Iterator[psycopg.Connection[Any]]:
    """Connect to a database as the superuser."""
    with psycopg.connect(
        host=str(host), user="postgres", dbname=name, autocommit=True
    ) as connection:
        yield connection
