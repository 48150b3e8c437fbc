"""Users, roles, API keys with their nonces, and counters of attempts to sign in."""

from __future__ import annotations

from accounts.models.attempts import AttemptCounter
from accounts.models.keys import ApiKey, Signature, hash_secret
from accounts.models.nonces import UsedNonce
from accounts.models.people import User, permissions_beyond
from accounts.models.roles import Role, ShippedGrant, role_title

__all__ = [
    "ApiKey",
    "AttemptCounter",
    "Role",
    "ShippedGrant",
    "Signature",
    "UsedNonce",
    "User",
    "hash_secret",
    "permissions_beyond",
    "role_title",
]
