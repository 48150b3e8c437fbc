"""The last slot of each scheduled task, and the lease of the worker that runs it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q

from core.schedules import ScheduledTask

LEASE = timedelta(minutes=2)  # longer than a task may run
CLOCK_SKEW = timedelta(minutes=1)  # between machines; beyond it, a clock was set back


@dataclass(frozen=True)
class Claim:
    """The right to run a task for a slot, until the lease ends."""

    name: str
    slot: datetime
    leased_until: datetime


def is_free(now: datetime) -> Q:
    """Match the tasks that have no valid lease."""
    is_over = Q(leased_until__lte=now)
    # A lease this long was taken before the clock was set back.
    is_too_long = Q(leased_until__gt=now + LEASE + CLOCK_SKEW)
    return Q(leased_until=None) | is_over | is_too_long


class TaskScheduleQuerySet(models.QuerySet["TaskSchedule"]):
    def due(
        self, tasks: Collection[ScheduledTask], now: datetime
    ) -> list[ScheduledTask]:
        """Return the tasks that have a new slot and no valid lease."""
        rows = self._by_name(now)
        new = [task for task in tasks if is_new(rows.get(task.name), now)]
        if new:
            self._register(new, now)
            rows = self._by_name(now)
        return [
            task
            for task in tasks
            if rows[task.name].is_free
            and rows[task.name].slot < task.schedule.latest_slot(now)
        ]

    def _by_name(self, now: datetime) -> dict[str, Any]:
        free = ExpressionWrapper(is_free(now), output_field=BooleanField())
        return self.annotate(is_free=free).in_bulk()

    def _register(self, tasks: Collection[ScheduledTask], now: datetime) -> None:
        """Set the first slot of new tasks, and of those with a slot in the future."""
        rows = [
            TaskSchedule(name=task.name, slot=task.schedule.initial_slot(now))
            for task in tasks
        ]
        self.bulk_create(rows, ignore_conflicts=True)
        for row in rows:
            ahead = self.filter(name=row.name, slot__gt=now + CLOCK_SKEW)
            ahead.update(slot=row.slot)

    def claim(self, task: ScheduledTask, now: datetime) -> Claim | None:
        """Lease a task that is due; only one of several workers succeeds."""
        if not self.due([task], now):
            return None
        claim = Claim(task.name, task.schedule.latest_slot(now), now + LEASE)
        rows = self.filter(is_free(now), name=claim.name, slot__lt=claim.slot)
        return claim if rows.update(leased_until=claim.leased_until) else None

    def complete(self, claim: Claim) -> bool:
        """Record the slot as completed, unless another worker has the lease by now."""
        rows = self.filter(name=claim.name, leased_until=claim.leased_until)
        return bool(rows.update(slot=claim.slot, leased_until=None))


def is_new(row: TaskSchedule | None, now: datetime) -> bool:
    """Return whether a task has no valid slot; one in the future is invalid."""
    return row is None or row.slot > now + CLOCK_SKEW


class TaskSchedule(models.Model):
    """The last slot that a scheduled task completed, and its worker's lease."""

    name = models.CharField(
        primary_key=True,
        max_length=100,
        editable=False,
        db_comment="Name of the Celery task",
    )
    slot = models.DateTimeField(
        editable=False, db_comment="Last completed slot of its schedule, UTC"
    )
    leased_until = models.DateTimeField(
        null=True,
        editable=False,
        db_comment="End of the lease of the worker that runs it, UTC",
    )

    objects = TaskScheduleQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        db_table_comment = "Last slot and lease of each scheduled task"

    def __str__(self) -> str:
        return f"{self.name}: {self.slot}"
