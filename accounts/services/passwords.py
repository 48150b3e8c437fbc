"""Hash new passwords, which takes long, before the transactions that store them."""

from __future__ import annotations

from typing import NewType

from django.contrib.auth.hashers import make_password

PasswordHash = NewType("PasswordHash", str)


def hash_password(password: str | None) -> PasswordHash:
    """Return the hash to store; one that no password matches for None.

    Call this outside transactions: hashing takes a large part of a second, and a
    write transaction would block all other writers on SQLite. Services therefore take
    hashes, not passwords.
    """
    return PasswordHash(make_password(password))
