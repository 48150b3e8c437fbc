"""Django's command of the same name, which also records an event."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.contrib.auth.management.commands import createsuperuser
from django.db.models.signals import post_save

from accounts.models import User
from core import events
from core.models import Source


class Command(createsuperuser.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        with (
            events.origin(Source.COMMAND, f"command-{uuid4().hex}"),
            recording_people(),
        ):
            return super().execute(*args, **options)


@contextmanager
def recording_people() -> Iterator[None]:
    """Record the users created inside the block, in the same transaction."""

    def record(*, instance: User, created: bool, **_: Any) -> None:
        if created:
            events.record(
                actor=None,
                verb="user.created",
                target=instance,
                changes=instance.created_changes(),
                at=instance.created_at,
            )

    post_save.connect(record, sender=User, weak=False)
    try:
        yield
    finally:
        post_save.disconnect(record, sender=User)
