"""Create the sample: its options, and one transaction for each list."""

from __future__ import annotations

from argparse import ArgumentParser
from random import Random

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from accounts.management.people import find_person
from core.management.arguments import whole_number
from core.management.base import amount
from core.registry import RowCounter, Sample, SampleRun
from todos.management.sample.cast import give_pictures, make_cast
from todos.management.sample.lists import Plan, make_list, plan_lists
from todos.management.sample.loading import bulk_loading
from todos.management.sample.story import Story

PEOPLE = (3, 100)  # at least, at most
LISTS = (3, 1000)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--todos", type=whole_number, required=True, metavar="N", help="How many todos."
    )
    parser.add_argument(
        "--user",
        metavar="NAME",
        help="The owner of the largest list; by default, the first sample person.",
    )
    parser.add_argument(
        "--people", type=whole_number, metavar="N", help="By default up to 100."
    )
    parser.add_argument(
        "--lists", type=whole_number, metavar="N", help="By default up to 1,000."
    )


def make(run: SampleRun) -> None:
    options, random, now = run.options, run.random, run.now
    todos = options["todos"]
    people = count(options["people"], todos // 500, PEOPLE, "--people")
    lists = count(options["lists"], todos // 50, LISTS, "--lists")
    star = find_person(options["user"]) if options["user"] is not None else None
    with run.progress("Todos", todos) as progress, bulk_loading():
        cast = make_cast(count=people, star=star, random=random, now=now)
        run.people.extend(cast.people)
        plans = plan_lists(cast=cast, count=lists, todos=todos, random=random, now=now)
        for plan in plans:
            make_planned(plan, random, progress)
    give_pictures(cast, random=random, now=now)
    made = f"{amount(todos, 'todo')} in {amount(lists, 'list')}"
    run.say(f"{made} of {amount(people, 'sample person', 'sample people')}.")


@transaction.atomic
def make_planned(plan: Plan, random: Random, progress: RowCounter) -> None:
    scene = make_list(plan, random)
    for written in Story(scene, random=random, now=timezone.now()).write():
        progress.add(written)


def count(given: int | None, usual: int, bounds: tuple[int, int], name: str) -> int:
    least, most = bounds
    if given is None:
        return min(max(usual, least), most)
    if given < 1:
        raise CommandError(f"{name} must be 1 or more.")
    return given


SAMPLE = Sample(add_arguments, make)
