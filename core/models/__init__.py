"""Base classes of models, and the tables of the kernel."""

from __future__ import annotations

from core.models.base import Changes, Recorded, person_field, plain
from core.models.body_keys import BodyKey
from core.models.events import Event, Source
from core.models.heartbeats import Heartbeat
from core.models.idempotency import IdempotentAnswer
from core.models.installation import Installation
from core.models.secrets import EncryptionKey, StoredSecret
from core.models.task_schedules import TaskSchedule

__all__ = [
    "BodyKey",
    "Changes",
    "EncryptionKey",
    "Event",
    "Heartbeat",
    "IdempotentAnswer",
    "Installation",
    "Recorded",
    "Source",
    "StoredSecret",
    "TaskSchedule",
    "person_field",
    "plain",
]
