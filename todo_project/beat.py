"""Celery's beat: sends ticks for the scheduled tasks that are due."""

from __future__ import annotations

import logging
from typing import Any

from celery.beat import Scheduler
from django.utils import timezone

from core.clock import PERIOD, TICK_EXPIRES, Clock, note_tick, record_heartbeat
from core.schedules import ScheduledTask
from core.tasks import worker_heartbeat

logger = logging.getLogger(__name__)


class TickScheduler(Scheduler):  # type: ignore[misc]
    """A scheduler without a file that keeps running without broker or database."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock = Clock()

    def setup_schedule(self) -> None:
        """Leave Celery's own schedule empty: apps declare theirs in the registry."""

    def tick(self) -> float:
        """Record a heartbeat and send the due ticks; return the seconds to wait."""
        record_heartbeat("beat")
        now = timezone.now()
        for task in self._clock.due(now):
            was_sent = self._send(task)
            if was_sent:
                self._clock.note_sent(task, now)
            if task.name == worker_heartbeat.name:
                note_tick(was_sent=was_sent)
        return PERIOD

    def _send(self, task: ScheduledTask) -> bool:
        try:
            self.app.send_task(task.name, expires=TICK_EXPIRES)
        except Exception as error:
            logger.warning("tick not sent", extra={"cause": str(error)})
            return False
        return True
