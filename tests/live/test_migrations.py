"""Migrating a table with rows, and back, under load."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db.migrations.loader import MigrationLoader

from core.db.migrations_online import AddStatistics, BuildIndex
from tests.live.filling import connected, filled
from tests.live.ledger import Writer, compare, writers_on
from tests.live.stack import Stack
from tests.live.ticks import nobody_empties_the_trash
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

from core.db.migrations_online import AddCheck, Backfill, BuildIndex


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
LOCKED_OUT = re.compile(r"\[(\d+)\] ERROR:.*lock timeout\n.*STATEMENT:  ALTER TABLE")
WAITED = re.compile(
    r"process (\d+) still waiting for .*\n.*DETAIL:  (Process.* holding the lock: .*)"
)
# The first word of each statement that has waited for over a second.
WAITING = re.compile(
    r"still waiting for .*\n.*DETAIL:  Process.* holding .*\n.*STATEMENT:  (\w+)"
)
PEOPLE = ("nora", "oleg", "pia", "rosa")
ADD_PEOPLE = """
from django.utils import timezone
from accounts.models import Role
from accounts.services.keys import issue_key
from accounts.services.passwords import hash_password
from accounts.services.people import add_person
now, roles = timezone.now(), Role.objects.filter(name="member")
for name in {people}:
    user = add_person(actor=None, username=name, password_hash=hash_password(None),
                      now=now, roles=roles)
    print(issue_key(actor=None, user=user, name="live", scopes=None, now=now)[1])
"""


class Reader(threading.Thread):
    """One client that reads the first page, and notes what it got and how late."""

    def __init__(
        self, stack: Stack, key: str, done: threading.Event, address: str
    ) -> None:
        super().__init__()
        self.client, self.done, self.address = stack.client(key=key), done, address
        self.statuses: list[int] = []
        self.slowest = 0.0

    def run(self) -> None:
        with self.client:
            while not self.done.wait(0.05):
                begin = time.monotonic()
                answer = self.client.get(self.address)
                self.statuses.append(answer.status_code)
                self.slowest = max(self.slowest, time.monotonic() - begin)


@contextmanager
def readers_on(stack: Stack, key: str, address: str) -> Iterator[list[Reader]]:
    done = threading.Event()
    readers = [Reader(stack, key, done, address) for _ in range(2)]
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
    """Hold the lock of an old transaction until a migration had to wait for it twice.

    Before it tries again, it has looked who holds the lock.
    """
    log = stack.log("postgresql")
    before = len(LOCKED_OUT.findall(log.read_text()))
    with connected(stack, "todo") as connection, connection.transaction():
        connection.execute("SELECT id FROM todos_todo LIMIT 1")
        yield connection.info.backend_pid
        wait_until(
            lambda: len(LOCKED_OUT.findall(log.read_text())) >= before + 2,
            what="the migration has waited for it",
        )


def migrate_beside(stack: Stack, release: Path, *arguments: str) -> None:
    """Migrate beside an old transaction, which is reported and waited for."""
    with ThreadPoolExecutor() as pool:
        with somebody_reading(stack) as pid:
            running = pool.submit(migrate, stack, release, *arguments)
        done = running.result()
    assert done.returncode == 0, done.stderr
    assert f"todos_todo is in use by process {pid} (idle in transaction" in done.stderr


def held_up_by(migrations: set[str], log: str) -> list[str]:
    """Return PostgreSQL's log lines about waits of over a second for a migration."""
    return [
        f"{waiting}: {holders}"
        for waiting, holders in WAITED.findall(log)
        if waiting not in migrations and migrations & set(re.findall(r"\d+", holders))
    ]


@pytest.fixture(scope="module")
def keys(started_stack: Stack) -> list[str]:
    """Keys of people who do not wait for each other: each has lists of their own."""
    text = ADD_PEOPLE.format(people=PEOPLE)
    done = started_stack.manage("shell", "--verbosity", "0", "--command", text)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@contextmanager
def in_use(
    stack: Stack, keys: list[str], address: str = "/api/v1/todos?ordering=due"
) -> Iterator[tuple[list[Writer], list[Reader]]]:
    """Let each person write, and the first one read as well."""
    with ExitStack() as busy:
        writers = [busy.enter_context(writers_on(stack, key, 1)) for key in keys]
        readers = busy.enter_context(readers_on(stack, keys[0], address))
        yield [writer for [writer] in writers], readers


def test_migrating_a_table_in_use_forth_and_back_blocks_no_request(
    stack: Stack, keys: list[str], newer: Path, request: pytest.FixtureRequest
):
    rows = request.config.getoption("--rows")
    [(last,)] = stack.sql("SELECT max(name) FROM django_migrations WHERE app = 'todos'")
    log, before = stack.log("postgresql"), stack.log("postgresql").stat().st_size
    with (
        filled(stack, PEOPLE[0], rows),
        nobody_empties_the_trash(stack),  # which is years old
        in_use(stack, keys) as (writers, readers),
    ):
        begin = time.monotonic()
        migrate_beside(stack, newer)
        reached, arrived = stack.sql(PROGRESS), time.monotonic()
        migrate_beside(stack, newer, "todos", last)
        left, returned = stack.sql(PROGRESS), time.monotonic()
    say_how_long(f"{rows:,} rows, new columns", arrived - begin, returned - arrived)
    say_what_users_saw(writers, readers)

    assert (reached, left) == ([(2, 1, 1)], [(0, 0, 0)])
    output = log.read_bytes()[before:].decode(errors="replace")
    assert held_up_by(set(LOCKED_OUT.findall(output)), output) == []
    assert_nobody_noticed(stack, writers, readers)


def test_building_our_own_indexes_again_blocks_no_request(
    stack: Stack, keys: list[str], request: pytest.FixtureRequest
):
    """The migrations without which the release works as well, only slower."""
    newest = "/api/v1/todos"  # the index of this order is older
    rows = request.config.getoption("--rows")
    needed = last_needed_migration()
    log, before = stack.log("postgresql"), stack.log("postgresql").stat().st_size
    with (
        filled(stack, PEOPLE[0], rows),
        nobody_empties_the_trash(stack),
        in_use(stack, keys, newest) as (writers, readers),
    ):
        begin = time.monotonic()
        back = migrate(stack, stack.app, "todos", needed)
        left = time.monotonic()
        there = migrate(stack, stack.app)
        arrived = time.monotonic()
    assert (back.returncode, there.returncode) == (0, 0), back.stderr + there.stderr
    say_how_long(f"{rows:,} rows, indexes again", arrived - left, left - begin)
    say_what_users_saw(writers, readers)

    output = log.read_bytes()[before:].decode(errors="replace")
    assert set(WAITING.findall(output)) <= {"CREATE", "DROP", "ANALYZE"}
    assert_nobody_noticed(stack, writers, readers)


def last_needed_migration() -> str:
    """Return the last one of todos that is more than indexes and statistics."""
    found = MigrationLoader(None).disk_migrations
    names = sorted((name for app, name in found if app == "todos"), reverse=True)
    return next(
        name
        for name in names
        if any(
            not isinstance(operation, (BuildIndex, AddStatistics))
            for operation in found["todos", name].operations
        )
    )


def say_how_long(what: str, there: float, back: float) -> None:
    sys.stderr.write(f"\n{what}: {there:.1f} s there, {back:.1f} s back, ")


def say_what_users_saw(writers: list[Writer], readers: list[Reader]) -> None:
    sys.stderr.write(
        f"{sum(writer.ledger.acknowledged for writer in writers)} writes, "
        f"{sum(len(reader.statuses) for reader in readers)} reads, the slowest "
        f"{max(reader.slowest for reader in readers):.2f} s\n"
    )


def assert_nobody_noticed(
    stack: Stack, writers: list[Writer], readers: list[Reader]
) -> None:
    assert {status for reader in readers for status in reader.statuses} == {200}
    assert sum(writer.ledger.retries for writer in writers) == 0
    for writer in writers:
        compare(stack, [writer])
