"""Make an API key."""

from __future__ import annotations

from textwrap import fill, indent
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.management.people import find_person
from accounts.models import ApiKey
from accounts.services.keys import issue_key
from core.management.base import ServiceCommand
from core.management.datetimes import MOMENTS, moment_ahead
from core.registry import registry


class Command(ServiceCommand):
    help = (
        "Make an API key for a person and print it, alone, on stdout. It is shown "
        "this once: only a hash of it is kept. Without --scope the key may do all "
        "that its person may, but for making further keys (keys:write)."
    )
    examples = f"""
  manage.py createapikey ada
  KEY=$(manage.py createapikey ada --name laptop --expires 90d)
  manage.py createapikey ada@example.com --scope users:read --scope roles:read

scopes:
{indent(fill(", ".join(registry.scopes), 76), "  ")}"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="User name or email address.")
        parser.add_argument(
            "--name",
            default="command line",
            help="What the owner reads in the list of keys (%(default)s).",
        )
        parser.add_argument(
            "--scope",
            action="append",
            choices=registry.scopes,
            metavar="RESOURCE:MODE",
            dest="scopes",
            help="What the key may do, such as users:read; repeat it for more.",
        )
        parser.add_argument(
            "--expires", metavar="WHEN", help=f"{MOMENTS}; without it, never."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        ends = options["expires"]
        ends = None if ends is None else moment_ahead(ends, now=now)
        person = find_person(options["username"])
        name = ApiKey._meta.get_field("name").clean(options["name"].strip(), None)
        # A key that could not be shown is not made: the answer is in the transaction.
        with transaction.atomic():
            _key, token = issue_key(
                actor=None,
                user=person,
                name=name,
                scopes=options["scopes"],
                expires_at=ends,
                now=now,
            )
            self.answer(token)
