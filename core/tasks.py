"""The decorator of scheduled tasks, and the heartbeat of the worker.

A tick, the message that runs a task, carries no work: tasks find due work in the
database. So a duplicate, late or lost tick does no harm.
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

SECONDS = 20  # of work per tick: the longest wait of other tasks and restarts

# Iterators of batches: each step is a transaction, and yields its number of rows.
Batches = Iterable[Iterator[int]]


@shared_task
def worker_heartbeat(**_: object) -> None:
    """Show that ticks arrive: from beat through the broker to the database."""
    Heartbeat.objects.beat("worker", timezone.now())


def scheduled_task(find_work: Callable[[datetime], Batches]) -> Any:
    """Turn a function that returns the work due at a moment into a scheduled task.

    One worker at a time does the work for the latest slot, which is completed when all
    is done. After a failure, or if time runs out, a tick after the end of the lease
    continues.
    """

    @shared_task
    @wraps(find_work)
    def task(**_: object) -> None:  # other releases may send arguments
        now = timezone.now()
        claim = TaskSchedule.objects.claim(registry.tasks[task.name], now)
        if claim and run_batches(find_work.__name__, *find_work(now)):
            TaskSchedule.objects.complete(claim)

    return task


def run_batches(name: str, *works: Iterator[int]) -> bool:
    """Run batches until all is done or time runs out; return whether all is done.

    An iterator that fails, for instance because of a lock, does not stop the others;
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
        logger.info("rows processed", extra={"work": name, "rows": done})
    if failures:
        raise failures[0]
    return time.monotonic() <= deadline
