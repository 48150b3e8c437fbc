"""Find due scheduled tasks, for beat and `manage.py background`."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import datetime

from django.db import Error, close_old_connections
from django.utils import timezone

from core.models import Heartbeat, TaskSchedule
from core.registry import registry
from core.schedules import ScheduledTask

logger = logging.getLogger(__name__)

PERIOD = 5  # seconds between checks of the schedules, and between heartbeats
TICK_EXPIRES = 30  # seconds


class Clock:
    """Finds the tasks that need a tick.

    The database records which slots are completed. A clock remembers the ticks that it
    sent: while one waits for a worker, it is not sent again before it expires.
    """

    def __init__(self) -> None:
        self._sent: dict[str, tuple[datetime, float]] = {}

    def due(self, now: datetime) -> list[ScheduledTask]:
        """Return the tasks to send a tick for."""
        tasks = [
            task for task in registry.tasks.values() if not self._has_tick(task, now)
        ]
        kept = [task for task in tasks if task.keeps_slot]
        return [task for task in tasks if not task.keeps_slot] + read_due(kept, now)

    def note_sent(self, task: ScheduledTask, now: datetime) -> None:
        self._sent[task.name] = (task.schedule.latest_slot(now), time.monotonic())

    def _has_tick(self, task: ScheduledTask, now: datetime) -> bool:
        """Return whether a tick was sent for the latest slot, and may still arrive."""
        slot, sent_at = self._sent.get(task.name, (None, 0))
        if slot != task.schedule.latest_slot(now):
            return False
        return not task.keeps_slot or time.monotonic() < sent_at + TICK_EXPIRES


def read_due(tasks: Collection[ScheduledTask], now: datetime) -> list[ScheduledTask]:
    """Return the tasks that are due by the database; none if it is unavailable."""
    close_old_connections()
    try:
        return TaskSchedule.objects.due(tasks, now)
    except Error as error:
        warn("schedules not read", error)
        return []


def record_heartbeat(process: str) -> None:
    """Record a heartbeat of this process, unless the database is unavailable."""
    close_old_connections()
    try:
        Heartbeat.objects.beat(process, timezone.now())
    except Error as error:
        warn("heartbeat not written", error)


def note_tick(*, was_sent: bool) -> None:
    """Record whether the worker has a tick to answer, unless there is no database."""
    try:
        if was_sent:
            Heartbeat.objects.note_tick(timezone.now())
        else:
            Heartbeat.objects.forget_tick()
    except Error as error:
        warn("tick not noted", error)


def warn(event: str, error: Error) -> None:
    # The lines after the first quote the SQL statement.
    logger.warning(event, extra={"cause": str(error).partition("\n")[0]})
