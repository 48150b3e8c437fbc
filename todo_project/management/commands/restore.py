"""Restore a backup."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from core.management.base import ServiceCommand, amount, unapplied_migrations
from todo_project.archive import restore_archive
from todo_project.management.commands.backup import reason, verified_archive


class Command(ServiceCommand):
    help = (
        "Load an archive of manage.py backup into an empty database, on SQLite or "
        "PostgreSQL: one that manage.py migrate has just created, without users and "
        "uploaded files. The release must be the one that wrote the archive. The "
        "whole archive is verified first, then everything is loaded in one "
        "transaction, or nothing. Stop the service first. ETags and cursors that "
        "clients hold become invalid. Exit status: 0 success, 1 refused, nothing "
        "changed."
    )
    examples = """
  manage.py migrate && manage.py restore todo-0.1.0-20270131T180000Z.tar"""
    takes_long = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="The archive.")
        parser.add_argument(
            "--without-secrets",
            action="store_true",
            help="Restore with another SECRET_KEY than that of the archive, although "
            "its files and secrets can then not be read.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with verified_archive(self, options["file"]) as archive:
            if names := unapplied_migrations():
                raise CommandError(
                    f"Run manage.py migrate first. Not applied: {', '.join(names)}."
                )
            try:
                with self.progress("Restoring", archive.size) as progress:
                    restore_archive(
                        archive, progress, without_secrets=options["without_secrets"]
                    )
            except OSError as error:
                raise CommandError(f"Nothing was restored. {reason(error)}") from error
            rows = sum(archive.head.rows.values())
            self.say(
                f"Restored {amount(rows, 'row')} and "
                f"{amount(archive.head.files, 'file')}."
            )
