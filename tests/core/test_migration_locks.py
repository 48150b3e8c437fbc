"""Migrations while another session holds the required locks, on PostgreSQL."""

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

from core.db.migrations_online import lock_retry, operations
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
def session(transactional_db):
    """Another connection, which keeps its transaction open."""
    other = connection.copy()
    other.set_autocommit(False)
    yield other
    other.close()


@pytest.fixture
def _migrated_again(transactional_db):
    yield
    call_command("migrate", verbosity=0)


class Messages(StringIO):
    """Collects messages; at the first one, the session releases its locks."""

    def __init__(self, session) -> None:
        super().__init__()
        self.session = session
        self.timeouts: list[str] = []

    def write(self, text: str) -> int:
        for name in ("lock_timeout", "statement_timeout"):
            self.timeouts.extend(column_of(connection, f"SHOW {name}"))
        self.session.rollback()
        column_of(self.session, "SELECT pg_advisory_unlock_all()::text")
        return super().write(text)


def column_of(on, query: str) -> list[Any]:
    """Return the first column of the query's result."""
    with on.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def _encoded_in_bytes(transactional_db):
    """Connect to a database without a character encoding."""
    usual = connection.settings_dict["NAME"]
    execute(
        "CREATE DATABASE todo_bytes ENCODING 'SQL_ASCII' TEMPLATE template0"
        " LOCALE 'C' LOCALE_PROVIDER libc"
    )
    connection.close()
    connection.settings_dict["NAME"] = "todo_bytes"
    yield
    connection.close()
    connection.settings_dict["NAME"] = usual
    execute("DROP DATABASE todo_bytes")


def execute(statement: str) -> None:
    with no_statement_timeout(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("_encoded_in_bytes")
def test_a_database_without_a_character_encoding_is_refused():
    with pytest.raises(CommandError, match="encoding of the database is SQL_ASCII"):
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


@pytest.mark.usefixtures("_migrated_again")
def test_a_migration_that_waits_names_the_process_and_retries(session):
    migrate("todos", "0002", stderr=StringIO())  # dropping an index may wait long
    column_of(session, "SELECT id FROM todos_todo")
    messages = Messages(session)
    out = migrate("todos", "0001", stderr=messages, verbosity=1)
    assert re.fullmatch(
        IN_USE.format("todos_todo") + "; trying again.\n", messages.getvalue()
    )
    assert out.endswith("Unapplying todos.0002_search... OK\n")
    assert messages.timeouts == ["300ms", "0"]
    assert not is_applied("0002_search")
    assert column_of(connection, "SHOW lock_timeout") == ["2s"]
    assert column_of(connection, "SHOW statement_timeout") == ["5s"]


@pytest.mark.usefixtures("_migrated_again")
def test_a_migration_that_waits_too_long_fails_and_keeps_what_was_migrated(
    session, monkeypatch
):
    monkeypatch.setattr(lock_retry, "TRIES", 2)
    monkeypatch.setattr(lock_retry, "PAUSE", 0)
    migrate("admin", "zero", stderr=StringIO())
    column_of(session, "SELECT id FROM accounts_user")
    messages = StringIO()
    with pytest.raises(CommandError) as refused:
        migrate("todos", "zero", stderr=messages)
    assert re.fullmatch(
        IN_USE.format("accounts_user") + ", still. Finished migrations stay "
        "applied; run migrate again when that process has ended.",
        str(refused.value),
    )
    assert messages.getvalue().count("trying again") == 1
    assert not is_applied("0011_attachments_of_comments")
    assert is_applied("0010_people_of_attachments")
    assert column_of(connection, "SELECT to_regclass('todos_todo')::text") == [
        "todos_todo"
    ]


def test_a_second_migrate_waits_for_the_first(session):
    column_of(session, f"SELECT pg_advisory_lock({LOCK_ID})::text")
    messages = Messages(session)
    migrate(stderr=messages)
    assert (
        messages.getvalue() == "Another migrate is running; waiting for it to finish.\n"
    )
    assert column_of(session, f"SELECT pg_try_advisory_lock({LOCK_ID})") == [True]


def test_plan_and_check_wait_for_no_other_migrate(session):
    column_of(session, f"SELECT pg_advisory_lock({LOCK_ID})::text")
    messages = StringIO()
    assert "No planned migration operations" in migrate("--plan", stderr=messages)
    assert migrate("--check", stderr=messages) == messages.getvalue() == ""


def test_a_migrate_without_work_waits_for_no_writer(session):
    tables = ", ".join(connection.introspection.table_names())
    with session.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN ROW EXCLUSIVE MODE")
    messages = StringIO()
    migrate(stderr=messages)
    assert messages.getvalue() == ""


def test_a_database_error_becomes_one_sentence(session):
    with session.cursor() as cursor:
        cursor.execute("ALTER TABLE django_migrations RENAME COLUMN name TO title")
    session.commit()
    try:
        with pytest.raises(CommandError, match=r"^Database error: column .*$"):
            migrate(stderr=StringIO())
    finally:
        with session.cursor() as cursor:
            cursor.execute("ALTER TABLE django_migrations RENAME COLUMN title TO name")
        session.commit()


# --- Operations ---------------------------------------------------------------


def test_an_invalid_index_is_built_again(shelf):
    shelf.fill(2, label="twice")
    with connection.cursor() as cursor, pytest.raises(Error, match="duplicated"):
        cursor.execute(
            f"CREATE UNIQUE INDEX CONCURRENTLY jar_by_label ON {TABLE} (label)"
        )
    assert shelf.holds("jar_by_label")
    shelf.repeat(BUILD_INDEX)
    assert not operations.is_invalid("jar_by_label")
    shelf.fill(1, label="twice")


def test_an_index_build_waits_for_old_transactions_to_end(shelf, session):
    with session.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {TABLE} IN ROW EXCLUSIVE MODE")

    def build() -> None:
        with lock_waits(LOCK_WAIT):
            shelf.repeat(BUILD_INDEX)

    built = in_background(build)
    wait_for_a_waiting_statement(longer_than=2 * seconds(LOCK_WAIT))
    session.rollback()
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
    assert column_of(connection, query) == [True]


def test_a_batch_waits_briefly_for_a_locked_row_and_retries(
    shelf, session, monkeypatch
):
    shelf.fill(2)
    column_of(session, "SELECT id FROM shelf_jar FOR UPDATE")
    messages = Messages(session)
    monkeypatch.setattr(sys, "stderr", messages)
    with lock_waits(LOCK_WAIT):
        shelf.migrate(BACKFILL)
    assert re.fullmatch(IN_USE.format(TABLE) + "; trying again.\n", messages.getvalue())
    assert not shelf.jars.filter(size=None).exists()


def seconds(interval: str) -> float:
    return int(interval.removesuffix("ms")) / 1000


def wait_for_a_waiting_statement(*, longer_than: float) -> None:
    """Return when a statement has waited this many seconds for a lock."""
    query = (
        "SELECT now() - query_start > interval '1 s' * %s FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 30
    while column_of(connection, query % longer_than) != [True]:
        assert time.monotonic() < deadline
