"""Delete old events."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.maintenance import prune_events
from core.management.arguments import days
from core.management.base import ServiceCommand, amount
from core.models import Event


class Command(ServiceCommand):
    help = (
        "Delete the events older than a number of days. Export them first if they may "
        "be needed again. The rows that they describe are kept. An event.pruned event "
        "records the moment before which events were deleted. Asks for confirmation "
        "in a terminal; elsewhere, --yes is required."
    )
    examples = """
  manage.py exportevents --until 365d > events-to-keep.jsonl
  manage.py pruneevents --older-than 365 --yes"""
    takes_long = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=days,
            required=True,
            metavar="DAYS",
            help="Minimum age of the events to delete.",
        )
        parser.add_argument("--yes", action="store_true", help="Delete without asking.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        before = now - timedelta(days=options["older_than"])
        total = Event.objects.filter(at__lt=before).count()
        if not total:
            self.say("There are no events that old.")
            return
        if not options["yes"]:
            self._ask(f"Delete {amount(total, 'event')} older than {before:%Y-%m-%d}?")
        with self.progress("Events", total) as progress:
            for count in prune_events(before=before, now=now):
                progress.add(count)
        self.say(f"Events deleted: {progress.done:,}")

    def _ask(self, question: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError(f"{question} Confirm with --yes.")
        self.stderr.write(f"{question} Type yes: ", style_func=str, ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip() != "yes":
            raise CommandError("Nothing was deleted.")
