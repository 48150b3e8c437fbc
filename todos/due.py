"""When a todo is due: pure rules over dates, no database and no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EARLIEST = date(1900, 1, 1)
LATEST = date(2999, 12, 31)
# Sorts todos without a due date after all others.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Due:
    """A due date, or a due date and local time in a zone.

    `moment` (UTC) exists only if there is a time. `sort` orders all todos: a date alone
    counts as the end of that day in UTC, so that it comes after the times of its day.
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

    @property
    def sort(self) -> datetime:
        if self.on is None:
            return NEVER
        return self.moment or end_of_day(self.on)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether it is overdue: see `overdue_bounds`."""
        moment, today = overdue_bounds(now)
        if self.on is None:
            return False
        return self.sort <= today if self.time is None else self.sort < moment


def end_of_day(day: date) -> datetime:
    """Return the first moment after the day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def overdue_bounds(now: datetime) -> tuple[datetime, datetime]:
    """Return before which `due_sort` times, and up to which dates, are overdue.

    A due time is overdue when its moment has passed. A due date is overdue when the
    day is over in the offset of `now`.
    """
    today = datetime.combine(now.date(), time(), UTC)
    return now, today
