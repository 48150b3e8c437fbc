"""Validation and comparison of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.characters import is_visible

# Formats of ids (RFC 9562) and dates (RFC 3339 §5.6); wall-clock times have no offset.
_ID = r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?"
_MOMENT = rf"{_DAY}[Tt ]{_TIME}([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
# Control characters but line breaks and tabs, and those that set the direction of text.
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
    r"|\r(?!\n)"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_SEARCH_LENGTH = 200  # characters
NO_SUCH_DAY = _("This date does not exist.")
WALL_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$"


def is_id(text: str) -> bool:
    """Return whether the text has the format of a UUID."""
    return re.fullmatch(_ID, text, re.ASCII) is not None


def is_day(text: str) -> bool:
    """Return whether the text has the format of a full-date, 2026-03-01."""
    return re.fullmatch(_DAY, text, re.ASCII) is not None


def is_in_calendar(text: str) -> bool:
    """Return whether the date that the text begins with exists; 2027-02-30 does not."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def day_of(text: str) -> date:
    """Return the date; raise ValidationError for another format, or if none exists."""
    if not is_day(text):
        raise ValidationError(_("Give a date as YYYY-MM-DD."), code="invalid")
    if not is_in_calendar(text):
        raise ValidationError(NO_SUCH_DAY, code="no_such_day")
    return date.fromisoformat(text)


def is_moment(text: str) -> bool:
    """Return whether the text has the format of a date-time with offset."""
    return re.fullmatch(_MOMENT, text, re.ASCII) is not None


def is_wall_clock(text: str) -> bool:
    """Return whether the text is a time without offset, 14:30 or 14:30:00."""
    return re.fullmatch(WALL_CLOCK.strip("^$"), text, re.ASCII) is not None


def fold(text: str) -> str:
    """Return the key under which equal-looking texts are equal: NFKC, case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def space_scripts(text: str) -> str:
    """Insert spaces between Chinese and Latin text, as is typographic convention."""
    spaced = re.sub(r"([\u4e00-\u9fff])([A-Za-z0-9])", r"\1 \2", text)
    return re.sub(r"([A-Za-z0-9])([\u4e00-\u9fff])", r"\1 \2", spaced)


def escape_controls(text: str) -> str:
    """Escape what would control a terminal or reorder the text on it, as JSON does.

    Line breaks and tabs stay.
    """
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def trim_lines(text: str) -> str:
    """Return text of several lines without blank lines before and space after it.

    The first line keeps its indentation: it may begin code or a nested list.
    """
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", text).rstrip()


def listed(parts: Iterable[object]) -> str:
    """Join the parts of a list as the active language does."""
    return gettext(", ").join(map(str, parts))


def is_storable(text: str) -> bool:
    """Return whether all databases can store the text: no NUL, no lone surrogate."""
    return _UNSTORABLE.search(text) is None


@deconstructible
class MaxBytes:
    """Validate that text takes at most `limit` bytes in UTF-8."""

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
    """Refuse text that a database would reject or corrupt."""
    if not is_storable(value):
        raise ValidationError(
            _("Null characters and lone surrogates are not allowed."),
            code="not_storable",
        )


def validate_visible(value: str) -> None:
    """Refuse text without a visible character; empty text is accepted."""
    if value and not is_visible(value):
        raise ValidationError(
            _("This text has no visible characters."), code="invisible"
        )
