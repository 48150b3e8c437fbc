"""Heartbeats of background processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def beat(self, name: str, now: datetime) -> None:
        """Record a heartbeat of the process of this name."""
        self.bulk_create(
            [Heartbeat(name=name, at=now)],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )

    def is_alive(self, name: str, now: datetime, *, within: timedelta) -> bool:
        """Return whether there is a recent heartbeat.

        One in the future dates from before the clock was set back, and is ignored.
        """
        recent = self.filter(name=name, at__gt=now - within, at__lt=now + within)
        return recent.exists()


class Heartbeat(models.Model):
    """The last heartbeat of a process."""

    name = models.CharField(
        primary_key=True,
        max_length=64,
        editable=False,
        db_comment="beat, worker or background",
    )
    at = models.DateTimeField(editable=False, db_comment="Last heartbeat, UTC")

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        db_table_comment = "Heartbeats of the processes in the background"

    def __str__(self) -> str:
        return f"{self.name}: {self.at}"
