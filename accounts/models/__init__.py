"""Users, their pictures, roles, API keys, and counters of attempts to sign in."""

from __future__ import annotations

from accounts.models.attempts import AttemptCounter
from accounts.models.avatars import Avatar
from accounts.models.keys import ApiKey, Signature, hash_secret
from accounts.models.nonces import UsedNonce
from accounts.models.people import AVATAR_NAME, User, permissions_beyond
from accounts.models.roles import Role, ShippedGrant, role_title

__all__ = [
    "AVATAR_NAME",
    "ApiKey",
    "AttemptCounter",
    "Avatar",
    "Role",
    "ShippedGrant",
    "Signature",
    "UsedNonce",
    "User",
    "hash_secret",
    "permissions_beyond",
    "role_title",
]
