"""Identifiers."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562 §5.7), which sorts by creation time."""
    return uuid7()
