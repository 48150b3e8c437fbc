"""Find people, for commands."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.models import Q

from accounts.models import User
from core.text import fold


def find_person(name: str) -> User:
    """Return the person with this user name or email address, who may sign in."""
    person: User | None = User.objects.named(name)
    if person is not None:
        return person
    key = fold(name).strip()
    matches = User.objects.filter(Q(username_key=key) | Q(email_key=key))
    if matches.filter(is_active=True).exists():
        raise CommandError(
            f"{name} is the user name of one person and the address of another."
        )
    if matches.exists():
        raise CommandError(f"{name} is disabled.")
    raise CommandError(f"No user has the user name or email address {name}.")
