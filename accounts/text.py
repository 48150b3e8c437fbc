"""What text may be, and how texts are compared."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _


def fold(text: str) -> str:
    """Return the key under which equal-looking texts are equal: NFKC, case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def is_storable(text: str) -> bool:
    """Tell whether every database keeps the text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


@deconstructible
class MaxBytes:
    """Validate that a text takes at most `limit` bytes in UTF-8."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, value: str) -> None:
        if len(value.encode("utf-8", "surrogatepass")) > self.limit:
            raise ValidationError(
                _("Ensure this text takes at most %(limit)d bytes."),
                code="max_bytes",
                params={"limit": self.limit},
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MaxBytes) and other.limit == self.limit

    def __hash__(self) -> int:
        return hash((MaxBytes, self.limit))


def validate_storable(value: str) -> None:
    """Refuse text that a database would refuse or mangle."""
    if not is_storable(value):
        raise ValidationError(
            _("Null characters and lone surrogates are not allowed."),
            code="not_storable",
        )
