"""Find people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unicodedata import east_asian_width

from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from core.management.base import ServiceCommand
from core.text import fold

COLUMNS = ("username", "email", "display_name", "state", "id")


class Command(ServiceCommand):
    help = (
        "Find people by part of their user name, email address, display name or id; "
        "case does not matter. Exit status 1 if nobody is found."
    )
    examples = """
  manage.py finduser ada
  manage.py finduser @example.com --json | jq -r '.[].id'"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("query", help="Part of a name, address or id.")
        parser.add_argument("--json", action="store_true", help="Print a JSON array.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [as_dict(person) for person in people_like(options["query"])]
        if options["json"]:
            self.answer(json.dumps(found, ensure_ascii=False, indent=2))
        elif found:
            self.answer(as_table(found))
        if not found:
            raise CommandError(f"No user matches {options['query']!r}.")


def people_like(query: str) -> Iterator[User]:
    """Yield the people who have the text in a name, address or id.

    Compared in Python, not in the database, since SQLite folds only ASCII case.
    """
    wanted = fold(query).strip()
    people = User.objects.order_by("username").prefetch_related("groups")
    for person in people.iterator(chunk_size=1000):
        texts = (person.username, person.email, person.display_name, str(person.pk))
        if any(wanted in fold(text) for text in texts):
            yield person


def as_dict(person: User) -> dict[str, Any]:
    return {
        "username": person.username,
        "email": person.email,
        "display_name": person.display_name,
        "state": state_of(person),
        "id": str(person.pk),
        "roles": sorted(role.name for role in person.groups.all()),
        "created_at": person.created_at.isoformat(),
    }


def state_of(person: User) -> str:
    if person.removed_at is not None:
        return "removed"
    return "active" if person.is_active else "disabled"


def as_table(found: list[dict[str, Any]]) -> str:
    rows = [[printable(person[name]) for name in COLUMNS] for person in found]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (wide - width(cell))
            for cell, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def printable(text: str) -> str:
    """Replace the control characters, which a terminal would interpret."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def width(text: str) -> int:
    """Return how many columns the text takes in a terminal."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
