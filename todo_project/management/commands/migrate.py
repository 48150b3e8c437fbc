"""Migrate while the service runs: nobody waits long behind a migration."""

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

ONE_MIGRATES = int.from_bytes(b"migrate")  # the number of the advisory lock
PAUSE = 0.5  # seconds between two questions for it


class Command(ServiceCommand, DjangoMigrate):
    help = (
        "Bring the tables to what this release needs, while the service runs. What "
        "has to wait for a table is tried again for about a minute; what was "
        "migrated until then stays."
    )
    examples = """
  manage.py migrate --plan
  manage.py migrate
  manage.py migrate todos 0002"""

    def handle(self, *args: Any, **options: Any) -> None:
        migrate = partial(super().handle, *args, **options)
        only_asks = options["plan"] or options["check_unapplied"]
        try:
            if connection.vendor == "postgresql" and not only_asks:
                self.migrate_beside_others(migrate)
            else:
                migrate()
        except StillLocked as error:
            raise CommandError(
                f"{error}, still. What was migrated stays; migrate again when it "
                "has ended."
            ) from error
        except Error as error:
            raise CommandError(f"The database refuses: {first_line(error)}") from error

    def migrate_beside_others(self, migrate: Callable[[], object]) -> None:
        need_utf8()
        with no_statement_timeout(), lock_waits(LOCK_WAIT), alone(self.tell):
            retry_while_locked(migrate, tell=self.tell)

    def tell(self, sentence: str) -> None:
        """Tell an operator, who wonders, even if only errors were asked for."""
        self.stderr.write(sentence, style_func=str)


def need_utf8() -> None:
    """Refuse a database that would count and order bytes instead of characters."""
    connection.ensure_connection()
    encoding = connection.connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise CommandError(
            f"The database is encoded in {encoding}; make another: "
            "createdb --template template0 --encoding UTF8"
        )


@contextmanager
def alone(tell: Callable[[str], None]) -> Iterator[None]:
    """Let nobody else migrate this database meanwhile; wait for who does.

    A statement that waited for the lock would have a snapshot, for whose end the
    building of an index waits: so it is asked for again and again.
    """
    if not answer_of("SELECT pg_try_advisory_lock(%s)"):
        tell("Another migrate is running; waiting for its end.")
        while not answer_of("SELECT pg_try_advisory_lock(%s)"):
            time.sleep(PAUSE)
    try:
        yield
    finally:
        with suppress(Error):  # it ends with the connection as well
            answer_of("SELECT pg_advisory_unlock(%s)")


def answer_of(query: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, [ONE_MIGRATES])
        return bool(cursor.fetchone()[0])


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
