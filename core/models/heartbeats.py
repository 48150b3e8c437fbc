"""Heartbeats of background processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

# Rows that belong to no process: the last write of a readiness check, and the first
# tick that the worker has not answered.
PROBE, TICK = "probe", "tick"


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

    def note_tick(self, now: datetime) -> None:
        """Record that a tick was sent, unless an earlier one is still unanswered."""
        if self.unanswered_since(now) is None:
            self.beat(TICK, now)

    def forget_tick(self) -> None:
        """Expect no answer: the tick did not reach the broker."""
        self.filter(name=TICK).delete()

    def unanswered_since(self, now: datetime) -> datetime | None:
        """Return when the first tick was sent that the worker has not answered.

        Times in the future date from before the clock was set back.
        """
        past = self.filter(name__in=(TICK, "worker"), at__lte=now)
        at = dict(past.values_list("name", "at"))
        sent, answered = at.get(TICK), at.get("worker")
        is_answered = sent is None or (answered is not None and answered >= sent)
        return None if is_answered else sent


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
