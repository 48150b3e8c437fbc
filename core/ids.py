"""Identifiers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Field
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a UUIDv7 (RFC 9562 §5.7), which sorts by creation time."""
    return uuid7()


def is_key(field: Field[Any, Any], text: object) -> bool:
    """Return whether the text is a possible key in its canonical form.

    Python also reads "01 " and full-width digits as 1; as ids they name no row, so
    that each row has one address. A number beyond the column's range is no key either.
    """
    try:
        value = field.to_python(text)
        field.run_validators(value)
    except ValidationError:
        return False
    return value is not None and str(value) == str(text)
