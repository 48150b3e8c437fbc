"""Users, their pictures, roles, API keys, and counters of attempts to sign in."""

from __future__ import annotations

from accounts.models.attempts import AttemptCounter
from accounts.models.avatars import Avatar
from accounts.models.keys import ApiKey, hash_secret
from accounts.models.people import AVATAR_NAME, User, permissions_beyond
from accounts.models.roles import Role, ShippedGrant, role_title

__all__ = [
    "AVATAR_NAME",
    "ApiKey",
    "AttemptCounter",
    "Avatar",
    "Role",
    "ShippedGrant",
    "User",
    "hash_secret",
    "permissions_beyond",
    "role_title",
]
