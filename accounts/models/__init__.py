"""Users, roles, API keys, and counters of attempts to sign in."""

from __future__ import annotations

from accounts.models.attempts import AttemptCounter
from accounts.models.keys import ApiKey, hash_secret
from accounts.models.people import Role, ShippedGrant, User, role_title

__all__ = [
    "ApiKey",
    "AttemptCounter",
    "Role",
    "ShippedGrant",
    "User",
    "hash_secret",
    "role_title",
]
