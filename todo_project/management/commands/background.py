"""Run scheduled tasks without a broker."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.clock import PERIOD, Clock, record_heartbeat
from core.management.base import ServiceCommand
from todo_project.celery import app
from todo_project.observability.metrics import share

logger = logging.getLogger(__name__)

STEP = 1.0  # seconds between checks whether the parent still runs


class Command(ServiceCommand):
    help = (
        "Run the scheduled tasks, such as emptying the trash, without a broker: on the "
        "same schedules as Celery's beat, one task at a time, in this process. "
        "script/server keeps it running. It stops on SIGTERM, and when the process "
        "that started it ends."
    )
    examples = """
  manage.py background"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--parent",
            type=int,
            default=os.getppid(),
            metavar="PID",
            help="The process that started it, if that may have ended already.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with take_lock(settings.DATA_DIR / "run" / "background.lock"):
            share(settings.METRICS_DIR)
            signal.signal(signal.SIGTERM, end)
            app.loader.import_default_modules()
            run(parent=options["parent"])


def take_lock(path: Path) -> TextIO:
    """Return the open file whose lock keeps a second process from running."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CommandError(f"It is already running: {path} is locked.") from None
    return lock


def end(_number: int, _frame: FrameType | None) -> None:
    """Exit immediately: an interrupted batch is rolled back and later repeated."""
    sys.exit(0)


def run(*, parent: int) -> None:
    """Run due tasks until the parent process ends."""
    clock, next_check = Clock(), 0.0
    while os.getppid() == parent:
        if time.monotonic() >= next_check:
            record_heartbeat("background")
            run_due(clock)
            next_check = time.monotonic() + PERIOD
        time.sleep(STEP)
    logger.warning("background ended: its parent did")


def run_due(clock: Clock) -> None:
    now = timezone.now()
    for task in clock.due(now):
        app.tasks[task.name].apply()  # which logs a failure
        clock.note_sent(task, now)
        record_heartbeat("background")
