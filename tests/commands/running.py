"""Run commands as a shell does, or inside the test."""

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

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and how it ended."""

    out: str
    err: str
    status: int = 0
    said: str = ""


def attempt(*arguments: str) -> Outcome:
    """Run a command inside this process."""
    out, err = StringIO(), StringIO()
    status, said = 0, ""
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        status, said = error.returncode, str(error)
    return Outcome(out.getvalue(), err.getvalue(), status, said)


def run(*arguments: str) -> Outcome:
    """Run a command that succeeds."""
    outcome = attempt(*arguments)
    assert outcome.status == 0, outcome
    return outcome


def refusal(*arguments: str) -> str:
    """Run a command that is refused; return the sentence that it says."""
    outcome = attempt(*arguments)
    assert (outcome.status, outcome.out) == (1, ""), outcome
    return outcome.said


def environment() -> dict[str, str]:
    """Return an environment in which a process works on the database of the tests."""
    there = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{there['NAME']}"
    else:
        url = (
            f"postgres://{there['USER']}:{there['PASSWORD']}@:{there['PORT']}"
            f"/{there['NAME']}?host={there['HOST']}"
        )
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {
        "DATABASE_URL": url,
        "DATA_DIR": str(settings.DATA_DIR),
        "SECRET_KEY": settings.SECRET_KEY,
        "SLOW_QUERY_MS": "0",  # a busy machine has nothing to say
    }


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", str(ROOT / "manage.py"), *arguments]


def shell(
    *arguments: str, stdin: str = "", into: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as its own process on the database of a test with transactions.

    `into` names a file that takes its stdout.
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
