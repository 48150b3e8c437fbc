"""Create an API key."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill, indent
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.management.people import add_person_argument, find_person
from accounts.models import ApiKey, Signature
from accounts.public_keys import MOST
from accounts.services.keys import issue_key
from core.management.arguments import json_file
from core.management.base import ServiceCommand
from core.management.datetimes import MOMENTS, moment_ahead
from core.registry import registry


class Command(ServiceCommand):
    help = (
        "Create an API key for a person and print it, and nothing else, to stdout. It "
        "is shown only once, since only a hash of it is stored. Without --scope, the "
        "key may do everything that the person may, except create further keys "
        "(keys:write). Of a signed-only key, the public id is printed and, with "
        "hmac-sha256, a space and the secret."
    )
    examples = f"""
  manage.py createapikey ada
  KEY=$(manage.py createapikey ada --name laptop --expires 90d)
  manage.py createapikey ada@example.com --scope users:read --scope roles:read
  manage.py createapikey ada --signature hmac-sha256
  manage.py createapikey ada --signature ed25519 --public-key public.pem

scopes:
{indent(fill(", ".join(registry.scopes), 76), "  ")}"""

    def add_arguments(self, parser: CommandParser) -> None:
        add_person_argument(parser)
        parser.add_argument(
            "--name",
            default="command line",
            help="Name in the owner's list of keys (%(default)s).",
        )
        parser.add_argument(
            "--scope",
            action="append",
            choices=registry.scopes,
            metavar="RESOURCE:MODE",
            dest="scopes",
            help="A scope of the key, such as users:read; may be repeated.",
        )
        parser.add_argument(
            "--expires",
            metavar="WHEN",
            help=f"When the key expires: {MOMENTS}. By default, it never does.",
        )
        parser.add_argument(
            "--signature",
            choices=Signature.values,
            help="Accept only requests signed in this way (docs/api/signing.md).",
        )
        parser.add_argument(
            "--public-key",
            type=Path,
            metavar="FILE",
            help="The client's Ed25519 public key, as PEM or in base64.",
        )
        parser.add_argument(
            "--encryption-key",
            type=json_file,
            metavar="FILE",
            help="A public key (JSON Web Key) to which responses are encrypted on "
            "request; see docs/api/encryption.md.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        ends = options["expires"]
        ends = None if ends is None else moment_ahead(ends, now=now)
        person = find_person(options["person"])
        name = ApiKey._meta.get_field("name").clean(options["name"].strip(), None)
        # Print inside the transaction: a key that cannot be shown is not created.
        with transaction.atomic():
            key, shown = issue_key(
                actor=None,
                user=person,
                name=name,
                scopes=options["scopes"],
                expires_at=ends,
                signature=options["signature"],
                public_key=read_text(options["public_key"]),
                encryption_key=options["encryption_key"],
                now=now,
            )
            parts = [shown] if key.signature is None else [key.public_id, shown]
            self.answer(" ".join(filter(None, parts)))


def read_text(path: Path | None) -> str | None:
    """Return what a file of a few lines contains."""
    if path is None:
        return None
    try:
        with path.open() as stream:
            return stream.read(MOST)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from None
