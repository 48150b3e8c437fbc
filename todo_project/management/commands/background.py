"""Do what the clock starts, where there is no broker."""

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

from celery.schedules import maybe_schedule
from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import close_old_connections

from core.management.base import ServiceCommand
from todo_project.celery import LONG_AGO, SIGN, app, show_life
from todo_project.observability.metrics import share

logger = logging.getLogger(__name__)

STEP = 1.0  # seconds between two looks at the clock and at the parent


class Command(ServiceCommand):
    help = (
        "Empty the trash and prune what has served its time, on the schedule that "
        "Celery's beat has, without a broker: one task at a time, in this process. "
        "script/server keeps one running. It ends on TERM, and when the process that "
        "started it ends."
    )
    examples = """
  manage.py background"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--parent",
            type=int,
            default=os.getppid(),
            metavar="PID",
            help="The process that started it, which may end before this one asks.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with take_lock(settings.DATA_DIR / "run" / "background.lock"):
            share(settings.METRICS_DIR)
            signal.signal(signal.SIGTERM, end)
            app.loader.import_default_modules()
            run(parent=options["parent"])


def take_lock(path: Path) -> TextIO:
    """Return the open file whose lock says that the work is being done here."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CommandError(f"It runs already: {path} is locked.") from None
    return lock


def end(_number: int, _frame: FrameType | None) -> None:
    """End at once: an interrupted batch is rolled back, and done by the next run."""
    sys.exit(0)


def run(*, parent: int) -> None:
    """Do what is due, again and again, for as long as the parent lives."""
    clock = Clock()
    while os.getppid() == parent:
        clock.tick()
        time.sleep(STEP)
    logger.warning("background ended: its parent did")


class Clock:
    """Knows what is due. At the start everything is: nobody knows when it last was."""

    def __init__(self) -> None:
        self._schedules = {
            entry["task"]: maybe_schedule(entry["schedule"], app=app)
            for entry in app.conf.beat_schedule.values()
        }
        self._done_at = dict.fromkeys(self._schedules, LONG_AGO)
        self._signed_at: float = -SIGN

    def tick(self) -> None:
        self._show_life()
        for name, schedule in self._schedules.items():
            done_at = self._done_at[name]
            # One that was done in the future waits for a clock that was set back.
            if done_at > schedule.now() or schedule.is_due(done_at).is_due:
                self._done_at[name] = schedule.now()
                close_old_connections()
                app.tasks[name].apply()  # tells of a failure in the log
                self._show_life()

    def _show_life(self) -> None:
        if time.monotonic() - self._signed_at >= SIGN:
            self._signed_at = time.monotonic()
            show_life("background")
