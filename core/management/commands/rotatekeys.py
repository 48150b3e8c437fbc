"""Replace the key that encrypts stored secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from core.management.base import ServiceCommand, amount
from core.models import StoredSecret
from core.secrets import Unreadable, create_key, delete_unused_keys, encrypt_again

# Requests that began before the rotation may still use the previous key.
GRACE = timedelta(days=1)


class Command(ServiceCommand):
    help = (
        "Create a new encryption key and encrypt all stored secrets with it: those of "
        "files, API keys and others. Files stay as they are, because each has a key of "
        "its own, which is one of these secrets. Safe while the service runs. Keys "
        "older than a day that encrypt nothing any more are deleted. To replace "
        "SECRET_KEY, move the old one to SECRET_KEY_FALLBACKS and restart the service "
        "first; after this command, the old one can be removed."
    )
    examples = """
  manage.py rotatekeys"""
    takes_long = True

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        with self.progress("Secrets", StoredSecret.objects.count()) as progress:
            try:
                for count in encrypt_again(create_key(now)):
                    progress.add(count)
            except Unreadable as problem:
                raise CommandError(str(problem)) from problem
        deleted = delete_unused_keys(before=now - GRACE)
        self.say(f"{amount(progress.done, 'secret')} encrypted with a new key.")
        self.say(f"{amount(deleted, 'old key')} deleted.")
