"""Run commands in a separate process, or inside the test."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """The output, exit status and error message of a command."""

    out: str
    err: str
    status: int = 0
    message: str = ""


def newest_migration(app: str) -> tuple[str, str]:
    """Return the app and name of its last migration."""
    (newest,) = MigrationLoader(connection).graph.leaf_nodes(app)
    return newest


def attempt(*arguments: str) -> Outcome:
    """Run a command inside this process."""
    out, err = StringIO(), StringIO()
    status, message = 0, ""
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        status, message = error.returncode, str(error)
    return Outcome(out.getvalue(), err.getvalue(), status, message)


def run(*arguments: str) -> Outcome:
    """Run a command that succeeds."""
    outcome = attempt(*arguments)
    assert outcome.status == 0, outcome
    return outcome


def refusal(*arguments: str) -> str:
    """Run a command that is refused; return its error message."""
    outcome = attempt(*arguments)
    assert (outcome.status, outcome.out) == (1, ""), outcome
    return outcome.message


def environment() -> dict[str, str]:
    """Return the environment of a process that uses the database of the tests."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        url = (
            f"postgres://{database['USER']}:{database['PASSWORD']}@:{database['PORT']}"
            f"/{database['NAME']}?host={database['HOST']}"
        )
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "DATABASE_URL": url,
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "SLOW_QUERY_MS": "0",  # no log lines about slow queries on a busy machine
    }


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", str(ROOT / "manage.py"), *arguments]


def shell(
    *arguments: str, stdin: str = "", into: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in its own process on the database of a transactional test.

    `into` names a file for its stdout.
    """
    with nullcontext(subprocess.PIPE) if into is None else open(into, "w") as stdout:
        return subprocess.run(  # noqa: S603  (our own command line)
            command_line(*arguments),
            input=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
            env=environment() | variables,
        )
