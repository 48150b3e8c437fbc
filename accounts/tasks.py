"""Scheduled tasks of accounts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import AttemptCounter, UsedNonce
from accounts.services.avatars import sweep_files
from accounts.services.maintenance import (
    DAYS_OF_DEAD_KEYS,
    expired_sessions,
    remove_dead_keys,
)
from core.body_keys import delete_ended_keys
from core.maintenance import delete_in_batches, expired_answers
from core.tasks import Batches, scheduled_task


@scheduled_task
def prune(now: datetime) -> Batches:
    """Delete expired keys, nonces, sessions, counters and stored responses.

    The keys are those of people, and our own for encrypted bodies.
    """
    dead_before = now - timedelta(days=DAYS_OF_DEAD_KEYS)
    answers_before = now - timedelta(days=settings.IDEMPOTENCY_DAYS)
    return [
        remove_dead_keys(before=dead_before, now=now),
        delete_in_batches(expired_sessions(now)),
        delete_in_batches(AttemptCounter.objects.ended(now)),
        delete_in_batches(UsedNonce.objects.outdated(now)),
        delete_in_batches(expired_answers(answers_before)),
        delete_ended_keys(now),
    ]


@scheduled_task
def sweep_avatar_files(now: datetime) -> Batches:
    """Delete the files of pictures that were replaced or removed."""
    return [sweep_files()]
