"""Triggers that keep the event log append-only, and the only way to bypass them.

They refer only to the table and its keys, so a new column needs no new trigger. SQLite
drops them when a migration rebuilds the table; every migrate restores them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

TABLE = "core_event"
TRIGGERS = {
    "postgresql": ("core_event_append_only",),
    "sqlite": (
        "core_event_no_update",
        "core_event_no_delete",
        "core_event_no_replace",
    ),
}
_REFUSAL = "The event log is append-only."
_FUNCTION = f"""
    CREATE OR REPLACE FUNCTION core_event_refuse() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('core.events_open', true) IS DISTINCT FROM 'on' THEN
            RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = '23000';
        END IF;
        RETURN NULL;
    END $$
"""
_INSTALL = {
    "postgresql": (
        f"""
        CREATE OR REPLACE TRIGGER core_event_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION core_event_refuse()
        """,
    ),
    "sqlite": (
        f"""
        CREATE TRIGGER IF NOT EXISTS core_event_no_update
        BEFORE UPDATE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
        """,
        f"""
        CREATE TRIGGER IF NOT EXISTS core_event_no_delete
        BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
        """,
        # INSERT OR REPLACE deletes rows with the same keys without firing the trigger
        # above.
        f"""
        CREATE TRIGGER IF NOT EXISTS core_event_no_replace
        BEFORE INSERT ON {TABLE}
        WHEN EXISTS (
            SELECT 1 FROM {TABLE} WHERE id = NEW.id OR rowid = NEW.rowid
            OR (stream_id = NEW.stream_id AND seq = NEW.seq)
        )
        BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END
        """,  # noqa: S608  (constants alone)
    ),
}
_LIST = {
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
}


def install_triggers() -> None:
    """Create the triggers that are missing.

    Replacing an existing one would wait for a lock until no event is being written.
    """
    if connection.vendor == "postgresql":
        _execute(_FUNCTION)
    if missing_triggers():
        _execute(*_INSTALL[connection.vendor])


def missing_triggers() -> list[str]:
    """Return the names of the triggers that are not in place."""
    with connection.cursor() as cursor:
        cursor.execute(_LIST[connection.vendor])
        present = {name for (name,) in cursor.fetchall()}
    return [name for name in TRIGGERS[connection.vendor] if name not in present]


@contextmanager
def events_open() -> Iterator[None]:
    """Allow redacting and pruning events, in this transaction only."""
    with transaction.atomic():
        _open()
        yield
        _close()


def _open() -> None:
    if connection.vendor == "postgresql":
        _execute("SET LOCAL core.events_open = 'on'")
    else:
        # The transaction holds the write lock, so no other one can write meanwhile.
        _execute(*(f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS["sqlite"]))


def _close() -> None:
    if connection.vendor == "postgresql":
        _execute("SET LOCAL core.events_open = 'off'")
    else:
        install_triggers()


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
