"""Ids, dates and times in the exact formats of their standards."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.text import (
    NO_SUCH_DAY,
    WALL_CLOCK,
    is_day,
    is_id,
    is_in_calendar,
    is_moment,
    is_wall_clock,
    trim_lines,
)


class IdField(serializers.UUIDField):
    """An id: a UUID with hyphens."""

    def to_internal_value(self, data: UUID | str | int) -> UUID:
        if isinstance(data, str) and not is_id(data):
            self.fail("invalid", value=data[:64])
        return super().to_internal_value(data)


class LongTextField(serializers.CharField):
    """Text of several lines, whose indentation stays; see `trim_lines`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"trim_whitespace": False}))

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(
            trim_lines(data) if isinstance(data, str) else data
        )


class DayField(serializers.DateField):
    """A full-date: 2026-03-01."""

    default_error_messages = {"no_such_day": NO_SUCH_DAY}

    def to_internal_value(self, value: date | str) -> date:
        if isinstance(value, str) and not is_day(value):
            self.fail("invalid", format="YYYY-MM-DD")
        if isinstance(value, str) and not is_in_calendar(value):
            self.fail("no_such_day")
        return super().to_internal_value(value)


class MomentField(serializers.DateTimeField):
    """A date-time with its offset: 2026-03-01T12:00:00Z."""

    default_error_messages = {"no_such_day": NO_SUCH_DAY}

    def to_internal_value(self, value: datetime | str) -> datetime:
        if isinstance(value, str) and not is_moment(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss±hh:mm")
        if isinstance(value, str) and not is_in_calendar(value):
            self.fail("no_such_day")
        return super().to_internal_value(value)


@extend_schema_field({"type": "string", "pattern": WALL_CLOCK})
class WallClockField(serializers.TimeField):
    """A local time without an offset: 14:30 or 14:30:00."""

    def to_internal_value(self, value: time | str) -> time:
        if isinstance(value, str) and not is_wall_clock(value):
            self.fail("invalid", format="hh:mm[:ss]")
        return super().to_internal_value(value)
