"""What scheduled tasks share, and the heartbeat of the worker.

A tick carries no work: a task finds in the database what is due. So a tick that comes
twice, late or never does no harm.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import wraps
from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from core.models import Heartbeat, TaskSchedule
from core.registry import registry

logger = logging.getLogger(__name__)

SECONDS = 20  # of work in a tick; other tasks and a restart wait no longer

# Iterators of batches: each step is a transaction, and returns how many rows it took.
Batches = Iterable[Iterator[int]]


@shared_task
def worker_heartbeat(**_: object) -> None:
    """Show that ticks arrive: from beat through the broker to the database."""
    Heartbeat.objects.beat("worker", timezone.now())


def scheduled_task(find_work: Callable[[datetime], Batches]) -> Any:
    """Make a function that returns work to do, as of a moment, a scheduled task.

    The work is done for the latest slot, by one worker at a time. The slot is completed
    when all is done. If some is left, for a failure or a lack of time, a tick after the
    end of the lease continues.
    """

    @shared_task
    @wraps(find_work)
    def task(**_: object) -> None:  # other releases may send arguments
        now = timezone.now()
        claim = TaskSchedule.objects.claim(registry.tasks[task.name], now)
        if claim and work_off(find_work.__name__, *find_work(now)):
            TaskSchedule.objects.complete(claim)

    return task


def work_off(name: str, *works: Iterator[int]) -> bool:
    """Do batches until all is done or the time is over; return whether all is done.

    A work that fails, because a lock is held for instance, does not stop the others;
    its error is raised at the end.
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
    return time.monotonic() <= deadline
