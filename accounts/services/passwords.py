"""Hash new passwords, which takes long, before the transactions that store them."""

from __future__ import annotations

from typing import NewType

from django.contrib.auth.hashers import make_password

PasswordHash = NewType("PasswordHash", str)


def hash_password(password: str | None) -> PasswordHash:
    """Return the hash to store; one that no password matches for None.

    Call this outside transactions: it takes a good part of a second, during which
    nobody else could write to SQLite. So services take hashes, never passwords.
    """
    return PasswordHash(make_password(password))
