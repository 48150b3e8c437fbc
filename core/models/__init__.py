"""Base classes of models, and the tables of the kernel."""

from __future__ import annotations

from core.models.base import Changes, Recorded, person_field, plain
from core.models.events import Event, Source
from core.models.heartbeats import Heartbeat
from core.models.idempotency import IdempotentAnswer
from core.models.installation import Installation
from core.models.task_schedules import TaskSchedule

__all__ = [
    "Changes",
    "Event",
    "Heartbeat",
    "IdempotentAnswer",
    "Installation",
    "Recorded",
    "Source",
    "TaskSchedule",
    "person_field",
    "plain",
]
