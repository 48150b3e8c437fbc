"""Find people, for commands."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q

from accounts.models import User
from core.text import fold


def add_person_argument(parser: CommandParser) -> None:
    """Let the command take a person as its first argument, `options["person"]`."""
    parser.add_argument("person", metavar="user", help="User name or email address.")


def find_person(name: str, *, or_disabled: bool = False) -> User:
    """Return the person with this user name or email address, who may sign in."""
    key = fold(name).strip()
    is_named = Q(username_key=key) | Q(email_key=key)
    people: list[User] = []
    if key:
        people = list(User.objects.filter(is_named, removed_at=None))
    found = [person for person in people if or_disabled or person.is_active]
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(
            f"{name} is the user name of one person and the address of another."
        )
    if people:
        raise CommandError(f"{name} is disabled.")
    raise CommandError(f"No user has the user name or email address {name}.")
