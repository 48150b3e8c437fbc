"""Scheduled tasks of todos."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from core.tasks import Batches, scheduled_task
from todos.services.maintenance import (
    count_uncounted,
    purge_old_lists,
    purge_old_todos,
)


@scheduled_task
def empty_trash(now: datetime) -> Batches:
    """Permanently delete items that have been in the trash for TRASH_DAYS."""
    before = now - timedelta(days=settings.TRASH_DAYS)
    return [
        *purge_old_todos(before=before, now=now),
        purge_old_lists(before=before, now=now),
    ]


@scheduled_task
def count_todos(_now: datetime) -> Batches:
    """Count the todos of lists whose counters are outdated: after an upgrade."""
    return [count_uncounted()]
