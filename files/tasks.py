"""Scheduled tasks of files."""

from __future__ import annotations

from datetime import datetime

from core.tasks import Batches, scheduled_task
from files.models import FOLDERS
from files.services import sweep

SWEEP_MINUTES = 5


@scheduled_task
def sweep_files(now: datetime) -> Batches:
    """Sweep one folder of the store; after a day, all have had their turn."""
    turn = int(now.timestamp()) // (60 * SWEEP_MINUTES)
    return [sweep(FOLDERS[turn % len(FOLDERS)], now=now)]
