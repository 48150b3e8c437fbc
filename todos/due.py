"""When a todo is due: pure rules over dates, no database and no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

EARLIEST = date(1900, 1, 1)
LATEST = date(2999, 12, 31)
# The sort key of todos without a due date: later than that of any due date.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Due:
    """A due date, or a due date and local time in a zone.

    `moment` (UTC) exists only if there is a time.
    """

    on: date | None = None
    time: time | None = None
    zone: str = ""

    @property
    def moment(self) -> datetime | None:
        """Return the moment in UTC.

        A local time that the zone skips takes the offset before the gap; one
        that occurs twice means the first (PEP 495, fold=0; RFC 5545 §3.3.5).
        """
        if self.on is None or self.time is None:
            return None
        local = datetime.combine(
            self.on, self.time.replace(fold=0), ZoneInfo(self.zone)
        )
        return local.astimezone(UTC)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether it is overdue at `now`, whose offset sets the day.

        A due time is overdue when its moment has passed, a due date when the day is
        over.
        """
        if self.on is None:
            return False
        moment = self.moment
        return self.on < now.date() if moment is None else moment < now


class Period(StrEnum):
    """Days that pages and filters name, relative to today."""

    TODAY = "today"
    TOMORROW = "tomorrow"
    WEEK = "week"
    NEXT_WEEK = "next_week"

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day.

        WEEK is seven days, beginning today. NEXT_WEEK is the next calendar week, from
        Monday to Sunday (ISO 8601).
        """
        match self:
            case Period.TODAY:
                return today, today
            case Period.TOMORROW:
                return today + timedelta(days=1), today + timedelta(days=1)
            case Period.WEEK:
                return today, today + WEEK - timedelta(days=1)
        monday = today - timedelta(days=today.weekday()) + WEEK
        return monday, monday + timedelta(days=6)


def start_of(day: date) -> datetime:
    """Return the sort key from which on todos are due on this day or later."""
    return datetime.combine(day, time(), UTC)
