"""Users, roles and API keys."""

from __future__ import annotations

from accounts.models.keys import ApiKey, hash_secret
from accounts.models.people import Role, ShippedGrant, User, role_title

__all__ = [
    "ApiKey",
    "Role",
    "ShippedGrant",
    "User",
    "hash_secret",
    "role_title",
]
