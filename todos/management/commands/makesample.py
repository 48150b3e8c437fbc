"""Fill the database with sample data."""

from __future__ import annotations

from random import Random
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.management.people import find_person
from core.management.arguments import whole_number
from core.management.base import ServiceCommand
from core.progress import Progress
from todos.management.sample.cast import make_cast
from todos.management.sample.lists import Plan, make_list, plan_lists
from todos.management.sample.loading import bulk_loading
from todos.management.sample.story import Story

PEOPLE = (3, 100)  # at least, at most
LISTS = (3, 1000)


class Command(ServiceCommand):
    help = (
        "Add sample people, lists and todos, with labels, subtasks, comments, dates, "
        "finished and trashed todos, in English and Chinese, and with the events that "
        "the same work would have left. One list gets a third of the "
        "todos, few lists many, many lists few; the last person's lists have been "
        "quiet for years. Sample people cannot sign in until they get a password. "
        "Each list is one transaction: an interruption leaves whole lists."
    )
    examples = """
  manage.py makesample --todos 500 --user ada
  manage.py makesample --todos 1000000 --people 200 --lists 2000 --seed 7"""
    takes_long = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--todos",
            type=whole_number,
            required=True,
            metavar="N",
            help="How many todos.",
        )
        parser.add_argument(
            "--user",
            metavar="NAME",
            help="Who gets the largest list; without it, the first sample person.",
        )
        parser.add_argument(
            "--people", type=whole_number, metavar="N", help="By default up to 100."
        )
        parser.add_argument(
            "--lists", type=whole_number, metavar="N", help="By default up to 1,000."
        )
        parser.add_argument(
            "--seed", type=int, help="The same number gives the same contents."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        todos = options["todos"]
        people = self._count(options["people"], todos // 500, PEOPLE, "--people")
        lists = self._count(options["lists"], todos // 50, LISTS, "--lists")
        star = find_person(options["user"]) if options["user"] is not None else None
        random, now = Random(options["seed"]), timezone.now()  # noqa: S311  (no secrets)
        with self.progress("Todos", todos) as progress, bulk_loading():
            cast = make_cast(count=people, star=star, random=random, now=now)
            plans = plan_lists(
                cast=cast, count=lists, todos=todos, random=random, now=now
            )
            for plan in plans:
                self._tell(plan, random, progress)
        self.say(f"{todos:,} todos in {lists:,} lists of {people:,} sample people.")

    @transaction.atomic
    def _tell(self, plan: Plan, random: Random, progress: Progress) -> None:
        scene = make_list(plan, random)
        for written in Story(scene, random=random, now=timezone.now()).tell():
            progress.add(written)

    def _count(
        self, given: int | None, usual: int, bounds: tuple[int, int], name: str
    ) -> int:
        least, most = bounds
        if given is None:
            return min(max(usual, least), most)
        if given < 1:
            raise CommandError(f"{name} must be 1 or more.")
        return given
