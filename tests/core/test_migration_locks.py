"""Migrations beside somebody who holds what they need, on PostgreSQL."""

from __future__ import annotations

import re
import sys
import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connection
from django.db.migrations.recorder import MigrationRecorder

from core.db.migrations_online import lock_retry as waiting
from core.db.migrations_online import operations
from core.db.migrations_online.lock_retry import LOCK_WAIT, lock_waits
from core.timeouts import no_statement_timeout
from tests.core.jars import TABLE, shelf_with_jars
from tests.core.test_migration_operations import ADD_CHECK, BACKFILL, BUILD_INDEX
from tests.todos.threads import in_background
from todo_project.management.commands.migrate import LOCK_ID

IN_USE = r"{} is in use by process \d+ \(idle in transaction, for \d+ s\)"


@pytest.fixture
def shelf(transactional_db):
    with shelf_with_jars() as shelf:
        yield shelf


@pytest.fixture
def somebody(transactional_db):
    """Another connection, in whose transaction what is executed stays."""
    other = connection.copy()
    other.set_autocommit(False)
    yield other
    other.close()


@pytest.fixture
def _at_the_newest(transactional_db):
    yield
    call_command("migrate", verbosity=0)


class Told(StringIO):
    """Take what is told; then somebody lets go."""

    def __init__(self, somebody) -> None:
        super().__init__()
        self.somebody = somebody
        self.timeouts: list[str] = []

    def write(self, text: str) -> int:
        for name in ("lock_timeout", "statement_timeout"):
            self.timeouts.extend(asked(connection, f"SHOW {name}"))
        self.somebody.rollback()
        asked(self.somebody, "SELECT pg_advisory_unlock_all()::text")
        return super().write(text)


def asked(on, query: str) -> list[Any]:
    """Return the first column of what the query finds."""
    with on.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def _encoded_in_bytes(transactional_db):
    """Be connected to a database that knows no characters."""
    usual = connection.settings_dict["NAME"]
    asked_to(
        "CREATE DATABASE todo_bytes ENCODING 'SQL_ASCII' TEMPLATE template0"
        " LOCALE 'C' LOCALE_PROVIDER libc"
    )
    connection.close()
    connection.settings_dict["NAME"] = "todo_bytes"
    yield
    connection.close()
    connection.settings_dict["NAME"] = usual
    asked_to("DROP DATABASE todo_bytes")


def asked_to(statement: str) -> None:
    with no_statement_timeout(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("_encoded_in_bytes")
def test_a_database_that_counts_bytes_is_refused():
    with pytest.raises(CommandError, match="encoded in SQL_ASCII; make another"):
        migrate(stderr=StringIO())
    assert connection.introspection.table_names() == []


def migrate(*arguments: str, stderr: StringIO, verbosity: int = 0) -> str:
    stdout = StringIO()
    call_command(
        "migrate", *arguments, verbosity=verbosity, stdout=stdout, stderr=stderr
    )
    return stdout.getvalue()


def is_applied(name: str) -> bool:
    return ("todos", name) in MigrationRecorder(connection).applied_migrations()


# --- The command --------------------------------------------------------------


@pytest.mark.usefixtures("_at_the_newest")
def test_what_has_to_wait_says_for_whom_and_is_tried_again(somebody):
    asked(somebody, "SELECT id FROM todos_todo")
    told = Told(somebody)
    out = migrate("todos", "0001", stderr=told, verbosity=1)
    assert re.fullmatch(
        IN_USE.format("todos_todo") + "; trying again.\n", told.getvalue()
    )
    assert out.endswith("Unapplying todos.0002_search... OK\n")
    assert told.timeouts == ["300ms", "0"]
    assert not is_applied("0002_search")
    assert asked(connection, "SHOW lock_timeout") == ["2s"]
    assert asked(connection, "SHOW statement_timeout") == ["5s"]


@pytest.mark.usefixtures("_at_the_newest")
def test_what_waits_too_long_is_given_up_and_what_was_migrated_stays(
    somebody, monkeypatch
):
    monkeypatch.setattr(waiting, "TRIES", 2)
    monkeypatch.setattr(waiting, "PAUSE", 0)
    migrate("admin", "zero", stderr=StringIO())
    asked(somebody, "SELECT id FROM accounts_user")
    told = StringIO()
    with pytest.raises(CommandError) as refused:
        migrate("todos", "zero", stderr=told)
    assert re.fullmatch(
        IN_USE.format("accounts_user") + ", still. Finished migrations stay "
        "applied; run migrate again when that process has ended.",
        str(refused.value),
    )
    assert told.getvalue().count("trying again") == 1
    assert not is_applied("0002_search")
    assert is_applied("0001_initial")
    assert asked(connection, "SELECT to_regclass('todos_todo')::text") == ["todos_todo"]


def test_a_second_migrate_waits_for_the_first(somebody):
    asked(somebody, f"SELECT pg_advisory_lock({LOCK_ID})::text")
    told = Told(somebody)
    migrate(stderr=told)
    assert told.getvalue() == "Another migrate is running; waiting for it to finish.\n"
    assert asked(somebody, f"SELECT pg_try_advisory_lock({LOCK_ID})") == [True]


def test_whoever_only_asks_waits_for_nobody(somebody):
    asked(somebody, f"SELECT pg_advisory_lock({LOCK_ID})::text")
    told = StringIO()
    assert "No planned migration operations" in migrate("--plan", stderr=told)
    assert migrate("--check", stderr=told) == told.getvalue() == ""


def test_without_anything_to_do_nobody_who_writes_is_waited_for(somebody):
    tables = ", ".join(connection.introspection.table_names())
    with somebody.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN ROW EXCLUSIVE MODE")
    told = StringIO()
    migrate(stderr=told)
    assert told.getvalue() == ""


def test_what_the_database_refuses_is_told_in_a_sentence(somebody):
    with somebody.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME COLUMN name TO title")
    somebody.commit()
    try:
        with pytest.raises(CommandError, match=r"^Database error: column .*$"):
            migrate(stderr=StringIO())
    finally:
        with somebody.cursor() as cursor:
            cursor.execute("ALTER TABLE django_migrations RENAME COLUMN title TO name")
        somebody.commit()


# --- Operations ---------------------------------------------------------------


def test_an_index_that_was_half_built_is_built_anew(shelf):
    shelf.fill(2, label="twice")
    with connection.cursor() as cursor, pytest.raises(Error, match="duplicated"):
        cursor.execute(
            f"CREATE UNIQUE INDEX CONCURRENTLY jar_by_label ON {TABLE} (label)"
        )
    assert shelf.holds("jar_by_label")
    shelf.repeat(BUILD_INDEX)
    assert not operations.is_invalid("jar_by_label")
    shelf.fill(1, label="twice")


def test_an_index_waits_for_as_long_as_old_transactions_take(shelf, somebody):
    with somebody.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {TABLE} IN ROW EXCLUSIVE MODE")

    def build() -> None:
        with lock_waits(LOCK_WAIT):
            shelf.repeat(BUILD_INDEX)

    built = in_background(build)
    wait_for_one_who_waits(longer_than=2 * seconds(LOCK_WAIT))
    somebody.rollback()
    built()
    assert shelf.holds("jar_by_label")


def test_a_constraint_that_was_not_validated_is_validated(shelf):
    with connection.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE {TABLE} ADD CONSTRAINT jar_has_size"
            " CHECK (size >= 0) NOT VALID"
        )
    shelf.repeat(ADD_CHECK)
    query = "SELECT convalidated FROM pg_constraint WHERE conname = 'jar_has_size'"
    assert asked(connection, query) == [True]


def test_a_batch_waits_shortly_for_a_row_and_is_tried_again(
    shelf, somebody, monkeypatch
):
    shelf.fill(2)
    asked(somebody, "SELECT id FROM shelf_jar FOR UPDATE")
    told = Told(somebody)
    monkeypatch.setattr(sys, "stderr", told)
    with lock_waits(LOCK_WAIT):
        shelf.migrate(BACKFILL)
    assert re.fullmatch(IN_USE.format(TABLE) + "; trying again.\n", told.getvalue())
    assert not shelf.jars.filter(size=None).exists()


def seconds(interval: str) -> float:
    return int(interval.removesuffix("ms")) / 1000


def wait_for_one_who_waits(*, longer_than: float) -> None:
    """Return when a statement has waited for so many seconds."""
    query = (
        "SELECT now() - query_start > interval '1 s' * %s FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 30
    while asked(connection, query % longer_than) != [True]:
        assert time.monotonic() < deadline
