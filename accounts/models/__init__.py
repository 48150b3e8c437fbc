"""Who you are, what you may do, what was done."""

from __future__ import annotations

from accounts.models.base import Changes, Recorded, person_field, plain
from accounts.models.events import Event, Source
from accounts.models.heartbeats import Heartbeat
from accounts.models.keys import (
    RESOURCES,
    SCOPES,
    USUAL_SCOPES,
    ApiKey,
    IdempotentAnswer,
    hash_secret,
)
from accounts.models.people import Installation, Role, ShippedGrant, User

__all__ = [
    "RESOURCES",
    "SCOPES",
    "USUAL_SCOPES",
    "ApiKey",
    "Changes",
    "Event",
    "Heartbeat",
    "IdempotentAnswer",
    "Installation",
    "Recorded",
    "Role",
    "ShippedGrant",
    "Source",
    "User",
    "hash_secret",
    "person_field",
    "plain",
]
