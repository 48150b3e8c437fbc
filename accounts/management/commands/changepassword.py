"""Set somebody's password. It takes the place of Django's, to leave an event."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from accounts.services.people import set_password
from core.management.base import ServiceCommand
from core.text import fold

TRIES = 3


class Command(ServiceCommand):
    help = (
        "Set a person's password, which ends their sessions. In a terminal it is "
        "asked for twice; elsewhere it is the first line of stdin, never an argument, "
        "which others on the machine could read."
    )
    examples = """
  manage.py changepassword ada
  manage.py changepassword ada < new-password.txt"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="User name.")

    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username_key=fold(options["username"])).first()
        if person is None or person.removed_at is not None:
            raise CommandError(f"Nobody has the user name {options['username']}.")
        password = self._asked_for(person) if sys.stdin.isatty() else read(person)
        set_password(actor=None, person=person, password=password, now=timezone.now())
        self.say(f"{person.username} has a new password.")

    def _asked_for(self, person: User) -> str:
        for _try in range(TRIES):
            password = getpass(f"New password of {person.username}: ")
            if password != getpass("Again: "):
                self.say("These were two different passwords.")
                continue
            try:
                validate_password(password, person)
            except ValidationError as error:
                self.say("\n".join(error.messages))
            else:
                return password
        raise CommandError("The password stays as it was.")


def read(person: User) -> str:
    """Return the first line of stdin, if it may be a password."""
    password = sys.stdin.readline().rstrip("\r\n")
    validate_password(password, person)
    return password
