"""Signs of life of what runs in the background."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Q

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def beat(self, name: str, now: datetime) -> None:
        """Note that the part of this name is alive."""
        self.bulk_create(
            [Heartbeat(name=name, at=now)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )

    def take_turn(self, name: str, now: datetime, *, every: timedelta) -> bool:
        """Tell whether it is this caller's turn; of all who ask, one gets it."""
        self.bulk_create([Heartbeat(name=name, at=LONG_AGO)], ignore_conflicts=True)
        # A turn far ahead was taken by a clock that went wrong; one a little ahead by
        # somebody who looked at the clock a little later.
        is_due = Q(at__lte=now - every) | Q(at__gt=now + every)
        return bool(self.filter(is_due, name=name).update(at=now))

    def is_alive(self, name: str, now: datetime, *, within: timedelta) -> bool:
        """Tell whether there was a sign of life; a clock set back made none ahead."""
        signs = self.filter(name=name, at__gt=now - within, at__lt=now + within)
        return signs.exists()


class Heartbeat(models.Model):
    """When something that should happen again and again last did."""

    name = models.CharField(
        primary_key=True,
        max_length=64,
        editable=False,
        db_comment="beat, worker, background, or the name of a task",
    )
    at = models.DateTimeField(editable=False, db_comment="When it last did, UTC")

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        db_table_comment = "Signs of life of what runs in the background"

    def __str__(self) -> str:
        return f"{self.name}: {self.at}"
