"""Run migrations while the service runs, without blocking requests for long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import Error, connection

from core.db.migrations_online import (
    LOCK_WAIT,
    StillLocked,
    lock_waits,
    retry_while_locked,
)
from core.management.base import ServiceCommand
from core.timeouts import no_statement_timeout

LOCK_ID = int.from_bytes(b"migrate")  # of the advisory lock
PAUSE = 0.5  # seconds between two attempts to get it


class Command(ServiceCommand, DjangoMigrate):
    help = (
        "Apply this release's migrations while the service runs. A migration that has "
        "to wait for a table lock is retried for about a minute; migrations that were "
        "applied before stay applied."
    )
    examples = """
  manage.py migrate --plan
  manage.py migrate
  manage.py migrate todos 0002"""

    def handle(self, *args: Any, **options: Any) -> None:
        migrate = partial(super().handle, *args, **options)
        is_read_only = options["plan"] or options["check_unapplied"]
        try:
            if connection.vendor == "postgresql" and not is_read_only:
                self.migrate_online(migrate)
            else:
                with no_statement_timeout():
                    migrate()
        except StillLocked as error:
            raise CommandError(
                f"{error}, still. Finished migrations stay applied; run migrate again "
                "when that process has ended."
            ) from error
        except Error as error:
            raise CommandError(f"Database error: {first_line(error)}") from error

    def migrate_online(self, migrate: Callable[[], object]) -> None:
        require_utf8()
        with no_statement_timeout(), lock_waits(LOCK_WAIT), migration_lock(self.notify):
            retry_while_locked(migrate, notify=self.notify)

    def notify(self, message: str) -> None:
        """Explain a delay to the operator at any verbosity."""
        self.stderr.write(message, style_func=str)


def require_utf8() -> None:
    """Refuse a database that would count and order bytes instead of characters."""
    connection.ensure_connection()
    encoding = connection.connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise CommandError(
            f"The encoding of the database is {encoding}. Create another one: "
            "createdb --template template0 --encoding UTF8"
        )


@contextmanager
def migration_lock(notify: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock that lets only one process migrate; wait for another one.

    The wait is a loop, because a statement that waits for the lock holds a snapshot,
    and building an index concurrently waits for the end of all snapshots.
    """
    if not call_lock("SELECT pg_try_advisory_lock(%s)"):
        notify("Another migrate is running; waiting for it to finish.")
        while not call_lock("SELECT pg_try_advisory_lock(%s)"):
            time.sleep(PAUSE)
    try:
        yield
    finally:
        with suppress(Error):  # the lock is released with the connection, too
            call_lock("SELECT pg_advisory_unlock(%s)")


def call_lock(query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, [LOCK_ID])
        return bool(cursor.fetchone()[0])


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
