"""Set a person's password; replaces Django's command, in order to record an event."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.management.people import add_person_argument, find_person
from accounts.models import User
from accounts.services.people import set_password
from core.management.base import ServiceCommand

TRIES = 3


class Command(ServiceCommand):
    help = (
        "Set a person's password, which ends their sessions. In a terminal, the "
        "command asks for it twice; elsewhere, it reads the first line of stdin. The "
        "password is never an argument, since other users of the machine could read it."
    )
    examples = """
  manage.py changepassword ada
  manage.py changepassword ada@example.com < new-password.txt"""

    def add_arguments(self, parser: CommandParser) -> None:
        add_person_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        person = find_person(options["person"], or_disabled=True)
        password = self._prompt(person) if sys.stdin.isatty() else read(person)
        set_password(actor=None, person=person, password=password, now=timezone.now())
        self.say(f"The password of {person.username} was changed.")

    def _prompt(self, person: User) -> str:
        for _try in range(TRIES):
            password = getpass(f"New password of {person.username}: ")
            if password != getpass("Again: "):
                self.say("The two passwords do not match.")
                continue
            try:
                validate_password(password, person)
            except ValidationError as error:
                self.say("\n".join(error.messages))
            else:
                return password
        raise CommandError("The password was not changed.")


def read(person: User) -> str:
    """Return the first line of stdin, if it is a valid password."""
    password = sys.stdin.readline().rstrip("\r\n")
    validate_password(password, person)
    return password
