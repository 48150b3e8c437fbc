"""Bring back what a backup holds."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from core.management.base import ServiceCommand, unapplied_migrations
from todo_project.archive import restore_archive
from todo_project.management.commands.backup import checked, reason


class Command(ServiceCommand):
    help = (
        "Load an archive of manage.py backup into an empty database: one that "
        "manage.py migrate has just made, in which nobody lives, with no files "
        "beside it, by the release that wrote it, whether on SQLite or PostgreSQL. "
        "The archive is checked whole before anything is touched; then all comes in "
        "one transaction, or nothing. Stop the service first. What clients remember "
        "of the old data (ETags, cursors) is void afterwards. Exit status: 0 all is "
        "there, 1 it was refused and nothing changed."
    )
    examples = """
  manage.py migrate && manage.py restore todo-0.1.0-20270131T180000Z.tar"""
    takes_long = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="The archive.")

    def handle(self, *args: Any, **options: Any) -> None:
        with checked(self, options["file"]) as archive:
            if names := unapplied_migrations():
                raise CommandError(
                    f"Run manage.py migrate first; not applied: {', '.join(names)}."
                )
            try:
                with self.progress("Restoring", archive.size) as progress:
                    restore_archive(archive, progress)
            except OSError as error:
                raise CommandError(f"Nothing was restored. {reason(error)}") from error
            rows = sum(archive.head.rows.values())
            self.say(f"{rows:,} rows and {archive.head.files:,} files are back.")
