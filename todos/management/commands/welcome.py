"""Greet whoever starts an empty installation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.crypto import get_random_string

from accounts.models import Role, User
from accounts.services.people import add_person
from core.management.base import ServiceCommand
from core.models import Installation
from todos.management.welcome import fill_first_lists

USERNAME = "admin"
ROLE = "administrator"
PASSWORD_LENGTH = 20  # letters and digits: 119 bits


class Command(ServiceCommand):
    help = (
        "Where nobody exists yet, make the administrator admin with a random "
        "password and a small list to begin with, and print user name and password "
        "on stdout: this once, as the password is kept nowhere. Where somebody "
        "exists, do nothing and print nothing."
    )
    examples = """
  manage.py migrate && manage.py welcome"""

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.exists():
            return
        with transaction.atomic():
            # Two first starts at once: the second waits here, then finds somebody.
            if not Installation.objects.select_for_update().exists():
                raise CommandError("Run manage.py migrate first.")
            if not User.objects.exists():
                self._welcome()

    def _welcome(self) -> None:
        now = timezone.now()
        password = get_random_string(PASSWORD_LENGTH)
        person = add_person(
            actor=None,
            username=USERNAME,
            password=password,
            now=now,
            roles=[self._role()],
        )
        with translation.override(person.language):
            fill_first_lists(person, now=now)
        # Within the transaction: nobody is made whose password was never shown.
        self.answer(f"Administrator: {USERNAME}\nPassword: {password}")

    def _role(self) -> Any:
        role = Role.objects.filter(name=ROLE).first()
        if role is None:
            raise CommandError(f"The role {ROLE} is missing; make it, then repeat.")
        return role
