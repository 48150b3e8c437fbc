"""Delete old keys, sessions and stored responses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.services.maintenance import (
    DAYS_OF_DEAD_KEYS,
    dead_keys,
    expired_sessions,
    remove_dead_keys,
)
from core.maintenance import delete_in_batches, expired_answers
from core.management.arguments import days
from core.management.base import ServiceCommand


class Command(ServiceCommand):
    help = (
        "Delete API keys that were revoked or expired a while ago, expired sessions, "
        "and the responses stored for requests with an Idempotency-Key after "
        f"{settings.IDEMPOTENCY_DAYS} days. The event log keeps the events of the "
        "keys. Runs in small transactions; repeating it is harmless."
    )
    examples = """
  manage.py prunekeys
  manage.py prunekeys --older-than 365"""
    takes_long = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=days,
            default=DAYS_OF_DEAD_KEYS,
            metavar="DAYS",
            help="Minimum days since a key was revoked or expired (%(default)s).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        dead_before = now - timedelta(days=options["older_than"])
        keys = dead_keys(dead_before).count()
        self._run("Keys", keys, remove_dead_keys(before=dead_before, now=now))
        sessions = expired_sessions(now)
        self._run("Sessions", sessions.count(), delete_in_batches(sessions))
        answers = expired_answers(now - timedelta(days=settings.IDEMPOTENCY_DAYS))
        self._run("Stored responses", answers.count(), delete_in_batches(answers))

    def _run(self, what: str, total: int, batches: Iterator[int]) -> None:
        with self.progress(what, total) as progress:
            for count in batches:
                progress.add(count)
        self.say(f"{what} deleted: {progress.done:,}")
