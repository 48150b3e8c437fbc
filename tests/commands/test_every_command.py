"""Properties that every command of the service has."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core import progress
from core.management.base import ServiceCommand
from core.progress import Progress
from core.registry import registry
from tests.commands.running import (
    ROOT,
    command_line,
    environment,
    newest_migration,
    refusal,
)

COMMANDS = {
    path.stem: app
    for app in registry.apps
    for path in Path(ROOT, app, "management", "commands").glob("[a-z]*.py")
}
TABLES = ("accounts_user", "core_event", "accounts_apikey", "todos_todo")
LINES = (
    "createapikey olga",
    "revokeapikey 0000",
    "changepassword olga",
    "finduser olga",
    "purgetrash",
    "prunekeys",
    "pruneevents --older-than 1 --yes",
    "exportevents",
    "makesample --todos 1",
    "welcome",
)
COMMAND_NAMES = sorted(set(COMMANDS) - {"createsuperuser"})


@pytest.mark.parametrize("name", COMMAND_NAMES)
def test_help_contains_examples(name):
    command = load_command_class(COMMANDS[name], name)
    assert isinstance(command, ServiceCommand)
    text = StringIO()
    command.create_parser("manage.py", name).print_help(text)
    assert "examples:\n  manage.py" in text.getvalue()
    assert f"manage.py {name}" in text.getvalue().partition("examples:")[2]
    assert max(map(len, text.getvalue().splitlines())) <= 80


@pytest.fixture
def unmigrated(transactional_db: None) -> Iterator[None]:
    """A database without its tables and without a record of its migration."""
    recorder = MigrationRecorder(connection)
    newest = newest_migration("todos")
    recorder.record_unapplied(*newest)
    rename([(name, f"away_{name}") for name in TABLES])
    yield
    rename([(f"away_{name}", name) for name in TABLES])
    recorder.record_applied(*newest)


def rename(pairs: list[tuple[str, str]]) -> None:
    with connection.cursor() as cursor:
        for old, new in pairs:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


def test_commands_report_a_database_that_was_not_migrated(unmigrated):
    for line in LINES:
        assert "run manage.py migrate first" in refusal(*line.split()), line


def test_progress_is_an_occasional_line_outside_a_terminal(monkeypatch):
    stream = StringIO()
    with Progress("Todos", 2000, stream=stream) as quick:
        quick.add(1000)
    assert stream.getvalue() == ""
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0)
    with Progress("Todos", 2000, stream=stream) as slow:
        slow.add(1000)
    assert stream.getvalue() == "Todos: 1,000 of 2,000\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verbosity", ["1", "0"])
def test_progress_is_a_bar_in_a_terminal_unless_verbosity_is_0(verbosity):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    done = subprocess.run(  # noqa: S603  (our own command line)
        command_line("makesample", "--todos", "20", "--verbosity", verbosity),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
        env=environment(),
    )
    os.close(theirs)
    assert (done.returncode, done.stdout) == (0, b"")
    shown = read_all(ours)
    os.close(ours)
    assert "20/20" in shown if verbosity == "1" else shown == ""


def read_all(terminal: int) -> str:
    """Return everything that was written to a terminal that is now closed."""
    pieces = []
    with suppress(OSError):  # EIO: end of the output
        while piece := os.read(terminal, 10_000):
            pieces.append(piece)
    return b"".join(pieces).decode()
