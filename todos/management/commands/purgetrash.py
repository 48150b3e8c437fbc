"""Empty the trash of what lay there long enough."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from core.management.arguments import days
from core.management.base import ServiceCommand
from todos.services.maintenance import old_trash, purge_old_lists, purge_old_todos


class Command(ServiceCommand):
    help = (
        "Delete for good the todos and lists that have been in the trash for more "
        f"than {settings.TRASH_DAYS} days (TRASH_DAYS). The event log keeps telling "
        "that they were there, not what they said. Each batch is a transaction of "
        "its own; an interrupted run is gone on with by the next."
    )
    examples = """
  manage.py purgetrash
  manage.py purgetrash --older-than 0"""
    takes_long = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=days,
            default=settings.TRASH_DAYS,
            metavar="DAYS",
            help="How long the trash is kept (%(default)s); 0 empties it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        before = now - timedelta(days=options["older_than"])
        with self.progress("Todos", old_trash(before).count()) as progress:
            for count in chain(*purge_old_todos(before=before, now=now)):
                progress.add(count)
        lists = sum(purge_old_lists(before=before, now=now))
        self.say(f"Deleted for good: {progress.done:,} todos, {lists:,} lists.")
