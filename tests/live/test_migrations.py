"""A release that changes a table with rows is migrated to, and back, under load."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.filling import connected, filled
from tests.live.ledger import compare, writers_on
from tests.live.stack import Stack
from tests.live.waiting import wait_until

COLUMNS = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("todos", "{last}")]
    operations = [
        migrations.AddField("todo", "effort", models.IntegerField(null=True)),
        migrations.AddField(
            "todo", "mood", models.CharField(max_length=20, db_default="calm")
        ),
    ]
"""
ROWS = """
from django.db import migrations
from django.db.models import CheckConstraint, Index, Q
from django.db.models.functions import Length

from accounts.migrating import AddCheck, Backfill, BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("todos", "9001_columns")]
    operations = [
        Backfill("todo", where=Q(effort=None), values={"effort": Length("content")}),
        BuildIndex("todo", Index(fields=["list", "effort"], name="todo_by_effort")),
        AddCheck(
            "todo", CheckConstraint(condition=Q(effort__gte=0), name="todo_effort")
        ),
    ]
"""
# How far it has come: columns, a valid index, a valid constraint.
PROGRESS = """
SELECT
    (SELECT count(*) FROM information_schema.columns
     WHERE table_name = 'todos_todo' AND column_name IN ('effort', 'mood')),
    (SELECT count(*) FROM pg_index JOIN pg_class ON oid = indexrelid
     WHERE relname = 'todo_by_effort' AND indisvalid),
    (SELECT count(*) FROM pg_constraint WHERE conname = 'todo_effort' AND convalidated)
"""
# Whoever waits for one of these holds up nobody: they are the migration's own.
WAITED = re.compile(
    r"still waiting for (?!ShareUpdateExclusiveLock|\w+ on virtual transaction).*"
)
LOCKED_OUT = re.compile(r"due to lock timeout\n.*STATEMENT:  ALTER TABLE")


class Reader(threading.Thread):
    """One client that reads the first page, and notes what it got and how late."""

    def __init__(self, stack: Stack, key: str, done: threading.Event) -> None:
        super().__init__()
        self.client, self.done = stack.client(key=key), done
        self.statuses: list[int] = []
        self.slowest = 0.0

    def run(self) -> None:
        with self.client:
            while not self.done.wait(0.05):
                begin = time.monotonic()
                answer = self.client.get("/api/v1/todos?ordering=due")
                self.statuses.append(answer.status_code)
                self.slowest = max(self.slowest, time.monotonic() - begin)


@contextmanager
def readers_on(stack: Stack, key: str) -> Iterator[list[Reader]]:
    done = threading.Event()
    readers = [Reader(stack, key, done) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        yield readers
    finally:
        done.set()
        for reader in readers:
            reader.join(60)


@pytest.fixture(scope="module")
def newer(started_stack: Stack) -> Path:
    """A release with two migrations more."""
    release = started_stack.copy_release("migrated")
    folder = release / "todos" / "migrations"
    last = max(folder.glob("0*.py")).stem
    (folder / "9001_columns.py").write_text(COLUMNS.format(last=last))
    (folder / "9002_rows.py").write_text(ROWS)
    return release


def migrate(
    stack: Stack, release: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    python, script = release / ".venv" / "bin" / "python", release / "manage.py"
    return stack.operate(python, script, "migrate", *arguments)


@contextmanager
def somebody_reading(stack: Stack) -> Iterator[int]:
    """Hold the lock of an old transaction until two migrations had to wait for it."""
    log = stack.log("postgresql")
    before = len(LOCKED_OUT.findall(log.read_text()))
    with connected(stack, "todo") as connection, connection.transaction():
        connection.execute("SELECT id FROM todos_todo LIMIT 1")
        yield connection.info.backend_pid
        wait_until(
            lambda: len(LOCKED_OUT.findall(log.read_text())) >= before + 2,
            seconds=30,
            what="the migration has waited twice",
        )


def migrate_beside(stack: Stack, release: Path, *arguments: str) -> tuple[str, int]:
    """Migrate beside an old transaction; return what was told, and whose that was."""
    with ThreadPoolExecutor() as pool:
        with somebody_reading(stack) as pid:
            running = pool.submit(migrate, stack, release, *arguments)
        done = running.result()
    assert done.returncode == 0, done.stderr
    return done.stderr, pid


def test_a_table_in_use_is_migrated_there_and_back_and_holds_up_nobody(
    stack: Stack, key: str, newer: Path, request: pytest.FixtureRequest
):
    rows = request.config.getoption("--rows")
    last = stack.sql("SELECT max(name) FROM django_migrations WHERE app = 'todos'")
    with filled(stack, "olga", rows):
        before = stack.log("postgresql").stat().st_size
        with writers_on(stack, key, 4) as writers, readers_on(stack, key) as readers:
            begin = time.monotonic()
            told, pid = migrate_beside(stack, newer)
            there = time.monotonic()
            reached = stack.sql(PROGRESS)
            told_back, pid_back = migrate_beside(stack, newer, "todos", str(last[0][0]))
            back = time.monotonic()
        left = stack.sql(PROGRESS)
    sys.stderr.write(
        f"\n{rows:,} rows: {there - begin:.1f} s there, {back - there:.1f} s back, "
        f"{sum(w.ledger.acknowledged for w in writers)} writes, "
        f"{sum(len(r.statuses) for r in readers)} reads, the slowest "
        f"{max(r.slowest for r in readers):.2f} s\n"
    )

    in_use = r"todos_todo is in use by process {} \(idle in transaction, for \d s\)"
    assert len(re.findall(in_use.format(pid), told)) >= 2, told
    assert len(re.findall(in_use.format(pid_back), told_back)) >= 2, told_back
    assert (reached, left) == ([(2, 1, 1)], [(0, 0, 0)])
    assert WAITED.findall(stack.log("postgresql").read_text()[before:]) == []
    assert {status for reader in readers for status in reader.statuses} == {200}
    assert sum(writer.ledger.retries for writer in writers) == 0
    compare(stack, writers)
