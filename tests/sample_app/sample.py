"""Sample bookmarks, and the first administrator's bookmark."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime

from django.utils.translation import gettext

from accounts.models import User
from core.management.arguments import whole_number
from core.registry import Sample, SampleRun
from tests.sample_app.services import add_bookmark

WORDS = ("News", "Recipes", "Maps", "Weather", "Music")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--bookmarks",
        type=whole_number,
        default=0,
        metavar="N",
        help="How many bookmarks each person gets.",
    )


def make(run: SampleRun) -> None:
    for person in run.people:
        for _number in range(run.options["bookmarks"]):
            title = run.random.choice(WORDS)
            add_bookmark(actor=person, title=title, now=run.now)


def keep_first(user: User, *, now: datetime) -> None:
    add_bookmark(
        actor=user, title=gettext("Django"), url="https://djangoproject.com/", now=now
    )


SAMPLE = Sample(add_arguments, make)
