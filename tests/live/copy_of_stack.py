"""Another installation beside the stack, to restore backups into."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.live.stack import Stack


class Copy:
    """Another installation, beside the stack, on the same PostgreSQL."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.env = stack.env | {
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"postgres://todo@/copy?host={stack.places.postgresql}",
        }

    def manage(self, *arguments: str, release: Path | None = None) -> str:
        """Run a command that succeeds; return its answer."""
        release = release or self.stack.app
        python = release / ".venv" / "bin" / "python"
        done = subprocess.run(  # noqa: S603
            [str(python), str(release / "manage.py"), *arguments],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=str(self.stack.places.postgresql), user="todo", dbname="copy"
        ) as connection:
            return connection.execute(query.encode()).fetchall()


@contextmanager
def empty_copy(stack: Stack, folder: Path) -> Iterator[Copy]:
    """Yield an installation whose database is empty, without tables."""
    run_sql(stack, "CREATE DATABASE copy OWNER todo")
    try:
        yield Copy(stack, folder)
    finally:
        run_sql(stack, "DROP DATABASE copy WITH (FORCE)")


def run_sql(stack: Stack, statement: str) -> None:
    with psycopg.connect(
        host=str(stack.places.postgresql),
        user="postgres",
        dbname="postgres",
        autocommit=True,
    ) as connection:
        connection.execute(statement.encode())
