"""Scheduled tasks of accounts."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts.services.maintenance import (
    DAYS_OF_DEAD_KEYS,
    expired_sessions,
    remove_dead_keys,
)
from core.maintenance import delete_in_batches, old_answers
from core.models import Heartbeat
from core.tasks import TURN, work_off


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
