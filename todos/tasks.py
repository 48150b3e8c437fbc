"""What the clock starts for todos; see accounts.tasks."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core.models import Heartbeat
from core.tasks import TURN, work_off
from todos.services.maintenance import purge_old_lists, purge_old_todos


@shared_task
def empty_trash(**_: object) -> None:
    """Delete for good what has been in the trash for TRASH_DAYS."""
    now = timezone.now()
    if not Heartbeat.objects.take_turn("empty_trash", now, every=TURN):
        return
    before = now - timedelta(days=settings.TRASH_DAYS)
    work_off(
        "empty_trash",
        *purge_old_todos(before=before, now=now),
        purge_old_lists(before=before, now=now),
    )
