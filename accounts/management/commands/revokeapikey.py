"""Revoke an API key."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.models import ApiKey
from accounts.models.keys import PREFIX
from accounts.services.keys import revoke_key
from core.management.base import ServiceCommand


class Command(ServiceCommand):
    help = (
        "Revoke an API key permanently: the next request with it is refused. Revoking "
        "it again changes nothing. The public id is the part between the first two "
        "underscores of the key. A whole key is accepted as well; use - to read it "
        "from stdin, so that it does not appear in the shell's history."
    )
    examples = """
  manage.py revokeapikey 3f9a1c7e5b2d8f4a
  manage.py revokeapikey - < leaked-key.txt"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="Public id, whole key, or - for stdin.")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["key"]
        public_id = public_id_of(sys.stdin.readline() if given == "-" else given)
        key = ApiKey.objects.filter(public_id=public_id).first()
        if key is None:
            # Do not quote the argument: it may contain the secret.
            raise CommandError("There is no such key.")
        if key.revoked_at is not None:
            self.say(f"{key} was already revoked.")
            return
        revoke_key(actor=None, key=key, now=timezone.now())
        self.say(f"{key} was revoked.")


def public_id_of(text: str) -> str:
    """Return the public id, given alone or as part of the whole key."""
    first = next(iter(text.split()), "")  # createapikey prints a secret behind it
    head, _dash, rest = first.partition("_")
    return rest.partition("_")[0] if head == PREFIX else head
