"""When scheduled tasks are due: pure functions, without database or clock.

A schedule is a series of slots, moments in UTC. A task is due if its latest slot that
has passed is not completed, so a schedule only looks back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import product
from zoneinfo import ZoneInfo

from core.timezones import zone_names

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LOOK_BACK = range(64)  # days, which include each day of the month at least once

Numbers = int | Sequence[int]


@dataclass(frozen=True)
class Every:
    """An interval. Slots are aligned to the epoch, not to the start of a process."""

    interval: timedelta

    def __post_init__(self) -> None:
        if not self.interval > timedelta():
            raise ValueError(f"The interval must be positive, not {self.interval}.")

    def latest_slot(self, now: datetime) -> datetime:
        """Return the newest slot at or before `now`, in UTC."""
        return EPOCH + (now - EPOCH) // self.interval * self.interval

    def initial_slot(self, now: datetime) -> datetime:
        """Return the completed slot of a new task, so that it is due at once."""
        return self.latest_slot(now) - self.interval


@dataclass(frozen=True, kw_only=True)
class Crontab:
    """Wall-clock times in an IANA zone; None means every value.

    Sunday is 0 or 7. If day of month and day of week are both given, either has to
    match, as in cron. A time that the zone skips uses the offset before the gap; one
    that occurs twice means the first (PEP 495, fold=0; RFC 5545 §3.3.5).
    """

    minute: Numbers | None
    hour: Numbers | None
    day_of_month: Numbers | None = None
    day_of_week: Numbers | None = None
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.zone not in zone_names():
            raise ValueError(f"{self.zone!r} is not an IANA time zone.")
        _ = self._times, self._days_of_month, self._days_of_week

    @cached_property
    def _times(self) -> tuple[time, ...]:
        hours = numbers("hour", self.hour, range(24))
        minutes = numbers("minute", self.minute, range(60))
        return tuple(time(hour, minute) for hour, minute in product(hours, minutes))

    @cached_property
    def _days_of_month(self) -> frozenset[int]:
        return numbers("day_of_month", self.day_of_month, range(1, 32))

    @cached_property
    def _days_of_week(self) -> frozenset[int]:
        days = numbers("day_of_week", self.day_of_week, range(8))
        return frozenset(day % 7 for day in days)

    def latest_slot(self, now: datetime) -> datetime:
        """Return the newest slot at or before `now`, in UTC."""
        return next(self._newest_by_day(now))

    def initial_slot(self, now: datetime) -> datetime:
        """Return the completed slot of a new task, so that it waits for the next."""
        return self.latest_slot(now)

    def _newest_by_day(self, now: datetime) -> Iterator[datetime]:
        """Yield the newest slot of each day that has one, the latest day first."""
        zone = ZoneInfo(self.zone)
        # Tomorrow may have slots already, if clocks went back across midnight.
        tomorrow = now.astimezone(zone).date() + DAY
        for day in (tomorrow - back * DAY for back in LOOK_BACK):
            if self._includes(day):
                local = (datetime.combine(day, at, zone) for at in self._times)
                slots = (moment.astimezone(UTC) for moment in local)
                yield from sorted(slot for slot in slots if slot <= now)[-1:]

    def _includes(self, day: date) -> bool:
        in_month = day.day in self._days_of_month
        in_week = day.isoweekday() % 7 in self._days_of_week
        if self.day_of_month is None or self.day_of_week is None:
            return in_month and in_week
        return in_month or in_week


Schedule = Every | Crontab


@dataclass(frozen=True)
class ScheduledTask:
    """A Celery task by its dotted name, and when it is due.

    The database stores the last completed slot: no slot runs twice, and a missed one
    runs later. With `keeps_slot=False`, as for a heartbeat, nothing is stored.
    """

    name: str
    schedule: Schedule
    keeps_slot: bool = True


def numbers(field: str, given: Numbers | None, allowed: range) -> frozenset[int]:
    """Return the numbers that a field of a crontab allows; raise ValueError."""
    if given is None:
        return frozenset(allowed)
    found = list(given) if isinstance(given, Sequence) else [given]
    if not found or any(type(one) is not int or one not in allowed for one in found):
        expected = f"from {allowed[0]} to {allowed[-1]}"
        raise ValueError(f"{field} takes numbers {expected}, not {given!r}.")
    return frozenset(found)
