"""Create the first administrator of an empty installation."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.crypto import get_random_string

from accounts.models import Role, User
from accounts.services.passwords import PasswordHash, hash_password
from accounts.services.people import add_person
from core.management.base import ServiceCommand
from core.models import Installation
from core.registry import registry

USERNAME = "admin"
ROLE = "administrator"
PASSWORD_LENGTH = 20  # letters and digits: 119 bits


def language_of_terminal() -> str:
    """Return the language that the environment asks for (POSIX §8.2), if we have it."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    wanted = next(filter(None, names), "").partition(".")[0].replace("_", "-").lower()
    try:
        return translation.get_supported_language_variant(wanted)
    except LookupError:
        return settings.LANGUAGE_CODE


class Command(ServiceCommand):
    help = (
        "If there are no users yet, create the administrator admin with a random "
        "password and some initial data, and print the user name and password to "
        "stdout. They are shown only once, since the password is not stored. If there "
        "is any user, do nothing and print nothing."
    )
    examples = """
  manage.py migrate && manage.py welcome"""

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        password = get_random_string(PASSWORD_LENGTH)
        password_hash = hash_password(password)
        with transaction.atomic():
            # If two processes start at once, the second waits here, then finds a user.
            if not Installation.objects.select_for_update().exists():
                raise CommandError("Run manage.py migrate first.")
            if not User.objects.exists():
                self._welcome(password, password_hash)

    def _welcome(self, password: str, password_hash: PasswordHash) -> None:
        now = timezone.now()
        person = add_person(
            actor=None,
            username=USERNAME,
            password_hash=password_hash,
            now=now,
            roles=[self._role()],
            language=language_of_terminal(),
        )
        with translation.override(person.language):
            registry.take_first_steps(person, now)
        # Print inside the transaction: without a shown password, no user is created.
        self.answer(f"Administrator: {USERNAME}\nPassword: {password}")

    def _role(self) -> Any:
        role = Role.objects.filter(name=ROLE).first()
        if role is None:
            raise CommandError(
                f"The role {ROLE} is missing; create it, then try again."
            )
        return role
