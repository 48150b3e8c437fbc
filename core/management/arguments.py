"""Argument types for argparse."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

MAX_DAYS = 36_500


def days(text: str) -> int:
    """Return a whole number of days, up to a hundred years."""
    number = whole_number(text)
    if number > MAX_DAYS:
        raise ArgumentTypeError(f"{text} is more than {MAX_DAYS:,} days")
    return number


def whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def json_file(name: str) -> dict[str, Any]:
    """Return the JSON object in a file."""
    try:
        value = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArgumentTypeError(f"cannot read {name}: {error}") from None
    if not isinstance(value, dict):
        raise ArgumentTypeError(f"{name} does not contain a JSON object")
    return value
