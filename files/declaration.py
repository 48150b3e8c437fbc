"""The app's declaration: its task and checks; what refers to files grants access."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from core.registry import Declaration, DoctorCheck
from core.schedules import Every, ScheduledTask
from files.tasks import SWEEP_MINUTES


def doctor_checks() -> Iterable[DoctorCheck]:
    from files.management.doctor import CHECKS

    return CHECKS


DECLARATION = Declaration(
    app="files",
    tasks=[
        ScheduledTask(
            "files.tasks.sweep_files", Every(timedelta(minutes=SWEEP_MINUTES))
        )
    ],
    doctor_checks=doctor_checks,
)
