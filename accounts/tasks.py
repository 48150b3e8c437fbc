"""What the clock starts. A tick is a word alone: the work is found in the database.

It does no harm when a tick comes twice, late, or never: the next one does the work.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Heartbeat
from accounts.services.maintenance import (
    DAYS_OF_DEAD_KEYS,
    delete_in_batches,
    expired_sessions,
    old_answers,
    remove_dead_keys,
)

logger = logging.getLogger(__name__)

TICK = timedelta(minutes=5)  # from one tick to the next
TURN = TICK * 0.8  # a tick that comes sooner than this is one too many
SECONDS = 20  # of work in a tick; other tasks and a restart wait no longer


@shared_task
def pulse(**_: object) -> None:
    """Show that tasks are done: from the clock through the broker to the database."""
    Heartbeat.objects.beat("worker", timezone.now())


@shared_task
def prune(**_: object) -> None:
    """Delete keys, sessions and kept answers that have served their time."""
    now = timezone.now()
    if not Heartbeat.objects.take_turn("prune", now, every=TURN):
        return
    dead_before = now - timedelta(days=DAYS_OF_DEAD_KEYS)
    work_off(
        "prune",
        remove_dead_keys(before=dead_before, now=now),
        delete_in_batches(expired_sessions(now)),
        delete_in_batches(old_answers(now - timedelta(days=settings.IDEMPOTENCY_DAYS))),
    )


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
