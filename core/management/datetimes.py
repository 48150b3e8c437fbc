"""Parse moments on the command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from django.core.management.base import CommandError
from django.utils.dateparse import parse_datetime

MOMENTS = "30d, 12h, 2027-01-31 (UTC) or 2027-01-31T18:00:00+08:00"
_SPAN = re.compile(r"([0-9]{1,7})([dh])")
_UNITS = {"d": "days", "h": "hours"}


def moment_ahead(text: str, *, now: datetime) -> datetime:
    """Parse a moment; a span counts from now, a date means the end of the day."""
    return _moment(text, now=now, sign=1, of_day=timedelta(days=1))


def moment_ago(text: str, *, now: datetime) -> datetime:
    """Parse a moment; a span counts back from now, a date means its first moment."""
    return _moment(text, now=now, sign=-1, of_day=timedelta(0))


def _moment(text: str, *, now: datetime, sign: int, of_day: timedelta) -> datetime:
    try:
        if span := _SPAN.fullmatch(text):
            return now + sign * timedelta(**{_UNITS[span[2]]: int(span[1])})
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC) + of_day
        moment = parse_datetime(text)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandError(f"{text} is not a valid moment; use {MOMENTS}.")
    return moment.astimezone(UTC)
