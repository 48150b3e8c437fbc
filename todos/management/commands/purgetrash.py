"""Permanently delete old items in the trash."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from core.management.arguments import days
from core.management.base import ServiceCommand, amount
from todos.services.maintenance import old_trash, purge_old_lists, purge_old_todos


class Command(ServiceCommand):
    help = (
        "Permanently delete the todos and lists that have been in the trash for more "
        f"than {settings.TRASH_DAYS} days (TRASH_DAYS). Their events stay in the event "
        "log, without the content. Each batch is a separate transaction; the next run "
        "continues an interrupted one."
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
            help="How long items are kept in the trash (%(default)s); 0 empties it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        before = now - timedelta(days=options["older_than"])
        with self.progress("Todos", old_trash(before).count()) as progress:
            for count in chain(*purge_old_todos(before=before, now=now)):
                progress.add(count)
        lists = sum(purge_old_lists(before=before, now=now))
        self.say(
            f"Deleted permanently: {amount(progress.done, 'todo')}, "
            f"{amount(lists, 'list')}."
        )
