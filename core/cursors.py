"""Cursors: signed positions in an order, opaque to clients."""

from __future__ import annotations

from django.core import signing
from django.db.models import Model

from core.models import plain
from core.scoping import Order, Position


class InvalidCursor(ValueError):
    """The cursor was not signed here, or belongs to another query."""


def sign_cursor(
    order: Order, row: Model, *, query: str, backwards: bool = False
) -> str:
    """Return the cursor of the rows after this one, or before it when `backwards`.

    It is valid only together with the same `query`.
    """
    value, key = order.position_of(row)
    return signing.dumps((backwards, plain(value), str(key)), salt=_salt(query))


def read_cursor(text: str, *, query: str) -> tuple[bool, Position]:
    """Return whether the cursor points backwards, and the position of its row.

    `ScopedQuerySet.beyond` converts the position to the types of its columns. Raise
    InvalidCursor for a cursor that was not signed for this query.
    """
    try:
        backwards, value, key = signing.loads(text, salt=_salt(query))
    except signing.BadSignature:
        raise InvalidCursor from None
    return backwards, (value, key)


def _salt(query: str) -> str:
    return f"cursor:{query}"
