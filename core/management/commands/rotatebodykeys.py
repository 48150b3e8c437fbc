"""Replace the keys to which clients encrypt the bodies of requests."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from core.body_keys import rotate_keys
from core.management.base import ServiceCommand, amount
from core.models.body_keys import GRACE


class Command(ServiceCommand):
    help = (
        "Create new keys for encrypted request bodies (/.well-known/jwks.json). Safe "
        "while the service runs: clients find the new keys within an hour, and bodies "
        f"encrypted to the previous keys are accepted for {GRACE.days} days."
    )
    examples = """
  manage.py rotatebodykeys
  manage.py rotatebodykeys --forget-previous    after a private key has leaked"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forget-previous",
            action="store_true",
            help="Delete all previous keys now. Clients that still use them get the "
            "error body_key_unknown, and must fetch the new keys.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        deleted = rotate_keys(
            now=timezone.now(), forget_previous=options["forget_previous"]
        )
        self.say("The keys for encrypted bodies were replaced.")
        self.say(f"{amount(deleted, 'old key')} deleted.")
