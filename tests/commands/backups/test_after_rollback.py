"""After a rollback, backups keep what the later release has added."""

from __future__ import annotations

import gzip

import pytest
from django.conf import settings as configured
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.commands.backups.archives import (
    Draft,
    reset_database,
)
from tests.commands.running import refusal, run
from todo_project.archive import restore
from todo_project.archive.manifest import Part

pytestmark = pytest.mark.django_db(transaction=True)


# What a later release may have added, with the types of each engine. A generated column
# is not part of an archive.
LATER = {
    "postgresql": """
        ALTER TABLE todos_label ADD COLUMN pinned boolean;
        ALTER TABLE todos_label ADD COLUMN seen_at timestamptz;
        ALTER TABLE todos_label ADD COLUMN twin uuid;
        ALTER TABLE todos_label ADD COLUMN generated integer
            GENERATED ALWAYS AS (length(name)) STORED;
        CREATE TABLE todos_later (id bigint PRIMARY KEY, note varchar(9), data jsonb);
        CREATE TABLE extension (id bigint PRIMARY KEY)
    """,
    "sqlite": """
        ALTER TABLE todos_label ADD COLUMN pinned bool;
        ALTER TABLE todos_label ADD COLUMN seen_at datetime;
        ALTER TABLE todos_label ADD COLUMN twin char(32);
        ALTER TABLE todos_label ADD COLUMN generated integer
            GENERATED ALWAYS AS (length(name)) VIRTUAL;
        CREATE TABLE todos_later (id bigint PRIMARY KEY, note varchar(9), data text);
        CREATE TABLE extension (id bigint PRIMARY KEY)
    """,
}
ROWS_OF_LATER = """
    UPDATE todos_label SET pinned = true, seen_at = '2027-01-31 18:00:00',
        twin = '0190a0b0c0d070008000000000000001';
    INSERT INTO todos_later VALUES (1, 'a	tab', '{"a": 1}')
"""
UNDO_LATER = """
    DROP TABLE todos_later; DROP TABLE extension;
    ALTER TABLE todos_label DROP COLUMN generated;
    ALTER TABLE todos_label DROP COLUMN pinned;
    ALTER TABLE todos_label DROP COLUMN seen_at;
    ALTER TABLE todos_label DROP COLUMN twin
"""


def execute(script: str) -> None:
    with connection.cursor() as cursor:
        for statement in script.split(";"):
            cursor.execute(statement)


@pytest.fixture
def rolled_back():
    """A database that a later release has migrated."""
    execute(LATER[connection.vendor])
    MigrationRecorder(connection).record_applied("todos", "9999_later")
    yield
    MigrationRecorder(connection).record_unapplied("todos", "9999_later")
    execute(UNDO_LATER)


def test_a_backup_after_a_rollback_contains_what_the_later_release_added(
    full, rolled_back, tmp_path
):
    execute(ROWS_OF_LATER)
    done = run("backup", "--output", str(tmp_path / "archive.tar"))
    archive = Draft.of(tmp_path / "archive.tar")
    assert "migrations of a later release: todos.9999_later." in done.err
    assert "todos.9999_later" in archive.head.migrations
    assert "extension" not in archive.head.tables
    labels = archive.head.tables["todos_label"]
    assert labels == ["id", *sorted(set(labels) - {"id"})]
    assert {"pinned", "seen_at", "twin"} < {*labels}
    assert "generated" not in labels
    row = dict(zip(labels, first_row(archive, "todos_label"), strict=True))
    assert row["pinned"] == "t"
    assert row["seen_at"] == "2027-01-31 18:00:00.000000+00"
    assert row["twin"] == "0190a0b0-c0d0-7000-8000-000000000001"
    assert archive.head.tables["todos_later"] == ["id", "data", "note"]
    assert first_row(archive, "todos_later") == ["1", '{"a": 1}', "a\\ttab"]


def first_row(archive: Draft, table: str) -> list[str]:
    packed = next(
        content
        for member, content in archive.members
        if isinstance(member, Part) and member.table == table
    )
    return gzip.decompress(packed).decode().split("\n")[0].split("\t")


def test_a_column_of_a_later_release_without_a_format_stops_the_backup(
    full, rolled_back, tmp_path
):
    execute("ALTER TABLE todos_later ADD COLUMN place point")
    message = refusal("backup")
    assert message.startswith(
        "The column todos_later.place of a later release has the type point"
    )
    assert not list((tmp_path / "backups").iterdir())


def test_an_archive_from_after_a_rollback_is_restored_with_the_later_release(
    owner, rolled_back, tmp_path
):
    run("backup", "--output", str(tmp_path / "archive.tar"))
    reset_database()
    message = refusal("restore", str(tmp_path / "archive.tar"))
    assert message == (
        f"The archive was written by release {configured.RELEASE} after a rollback: "
        "its tables have migration todos.9999_later of a later release. Restore it "
        "with that one."
    )


def test_columns_that_the_later_release_retired_are_restored_with_the_others(
    full, rolled_back, tmp_path, monkeypatch
):
    """A retired column stays in the database for a release; no model has it."""
    execute(ROWS_OF_LATER)
    run("backup", "--output", str(tmp_path / "archive.tar"))
    pinned = column("SELECT pinned FROM todos_label")
    reset_database()
    execute("DELETE FROM todos_later")
    # The later release knows its own migrations.
    monkeypatch.setattr(restore, "later_migrations", lambda _applied: [])
    run("restore", str(tmp_path / "archive.tar"))
    assert column("SELECT pinned FROM todos_label") == pinned != []
    assert column("SELECT note FROM todos_later") == ["a\ttab"]


def column(query: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]
