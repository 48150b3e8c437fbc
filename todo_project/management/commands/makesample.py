"""Fill the database with sample data."""

from __future__ import annotations

from random import Random
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from core.management.base import ServiceCommand
from core.registry import SampleRun, registry


class Command(ServiceCommand):
    help = (
        "Add sample people, lists and todos, with labels, subtasks, comments, dates, "
        "finished and trashed todos, in English and Chinese, and with the events that "
        "the same work would have recorded. One list gets about a third of the todos; "
        "of the others, a few are large and most are small. The last person has been "
        "inactive for years. Sample people cannot sign in until they get a password. "
        "Each list is one transaction: an interrupted run leaves only complete lists."
    )
    examples = """
  manage.py makesample --todos 500 --user ada
  manage.py makesample --todos 1000000 --people 200 --lists 2000 --seed 7"""
    takes_long = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--seed",
            type=int,
            help="Runs with the same number create the same contents.",
        )
        for sample in registry.samples():
            sample.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        run = SampleRun(
            options=options,
            random=Random(options["seed"]),  # noqa: S311  (no secrets)
            now=timezone.now(),
            progress=self.progress,
            say=self.say,
        )
        for sample in registry.samples():
            sample.make(run)
