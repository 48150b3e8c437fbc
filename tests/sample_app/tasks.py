"""Scheduled tasks of bookmarks."""

from __future__ import annotations

from datetime import datetime

from core.tasks import Batches, scheduled_task
from tests.sample_app import services


@scheduled_task
def remove_orphans(now: datetime) -> Batches:
    """Delete the bookmarks of removed people."""
    return [services.remove_orphans(now=now)]
