"""What scheduled tasks share. The work is found in the database.

A tick that comes twice, late or never does no harm: the next one does the work.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from core.models import Heartbeat

logger = logging.getLogger(__name__)

TICK = timedelta(minutes=5)  # from one tick to the next
TURN = TICK * 0.8  # a tick that comes sooner than this is one too many
SECONDS = 20  # of work in a tick; other tasks and a restart wait no longer


@shared_task
def pulse(**_: object) -> None:
    """Show that tasks are done: from the clock through the broker to the database."""
    Heartbeat.objects.beat("worker", timezone.now())


def work_off(name: str, *works: Iterator[int]) -> None:
    """Do batches, each its own transaction, until all is done or the time is over.

    A work that fails, for a lock that somebody holds, say, keeps no other from its
    turn; the failure is raised in the end.
    """
    deadline = time.monotonic() + SECONDS
    done, failures = 0, []
    for work in works:
        try:
            for count in work:
                done += count
                if time.monotonic() > deadline:
                    break
        except OperationalError as error:
            failures.append(error)
        if time.monotonic() > deadline:
            break
    if done:
        logger.info("rows removed", extra={"work": name, "rows": done})
    if failures:
        raise failures[0]
