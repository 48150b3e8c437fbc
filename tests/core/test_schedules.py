"""The latest slot of a schedule, on ordinary days and where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.schedules import Crontab, Every

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
LORD_HOWE, SHANGHAI = "Australia/Lord_Howe", "Asia/Shanghai"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("interval", "now", "slot"),
    [
        (timedelta(minutes=5), "2026-03-01T12:04:59.9", "2026-03-01T12:00"),
        (timedelta(minutes=5), "2026-03-01T12:05", "2026-03-01T12:05"),
        (timedelta(days=1), "2026-03-01T23:59", "2026-03-01T00:00"),
        (timedelta(days=7), "2026-03-01T12:00", "2026-02-26T00:00"),  # Thursdays
        (timedelta(hours=7), "1970-01-01T06:59", "1970-01-01T00:00"),
    ],
)
def test_slots_of_an_interval_are_counted_from_the_epoch(interval, now, slot):
    assert Every(interval).latest_slot(utc(now)) == utc(slot)


@pytest.mark.parametrize(
    ("crontab", "now", "slot"),
    [
        (Crontab(minute=30, hour=3), "2026-03-02T03:29", "2026-03-01T03:30"),
        (Crontab(minute=30, hour=3), "2026-03-02T03:30", "2026-03-02T03:30"),
        (Crontab(minute=0, hour=None), "2026-03-02T03:59", "2026-03-02T03:00"),
        (Crontab(minute=range(0, 60, 15), hour=8), "2026-03-02T08:50", None),
        (Crontab(minute=None, hour=None), "2026-03-02T08:50:59", "2026-03-02T08:50"),
        (Crontab(minute=0, hour=(7, 19)), "2026-03-02T06:00", "2026-03-01T19:00"),
    ],
)
def test_a_crontab_names_times_of_the_day(crontab, now, slot):
    expected = utc(slot or "2026-03-02T08:45")
    assert crontab.latest_slot(utc(now)) == expected


def first_hour(**days) -> Crontab:
    return Crontab(minute=0, hour=1, **days)


def fifths_and_mondays() -> Crontab:
    return first_hour(day_of_month=5, day_of_week=1)


@pytest.mark.parametrize(
    ("crontab", "now", "slot"),
    [
        (first_hour(day_of_month=1), "2026-03-01T00:59", "2026-02-01T01:00"),
        (first_hour(day_of_month=1), "2026-03-01T01:00", "2026-03-01T01:00"),
        # Months without that day have no slot.
        (first_hour(day_of_month=31), "2026-03-30T12:00", "2026-01-31T01:00"),
        (first_hour(day_of_month=30), "2026-03-29T12:00", "2026-01-30T01:00"),
        (first_hour(day_of_month=29), "2026-03-28T12:00", "2026-01-29T01:00"),
        (first_hour(day_of_month=29), "2028-03-01T12:00", "2028-02-29T01:00"),
        (first_hour(day_of_month=31), "2026-01-01T00:00", "2025-12-31T01:00"),
        # 1 March 2026 is a Sunday.
        (first_hour(day_of_week=0), "2026-03-03T12:00", "2026-03-01T01:00"),
        (first_hour(day_of_week=7), "2026-03-03T12:00", "2026-03-01T01:00"),
        (first_hour(day_of_week=(1, 5)), "2026-03-01T12:00", "2026-02-27T01:00"),
        # If both are given, either one is enough.
        (fifths_and_mondays(), "2026-03-04T12:00", "2026-03-02T01:00"),
        (fifths_and_mondays(), "2026-03-06T12:00", "2026-03-05T01:00"),
    ],
)
def test_a_crontab_names_days_of_the_month_and_of_the_week(crontab, now, slot):
    assert crontab.latest_slot(utc(now)) == utc(slot)


def test_days_begin_at_midnight_in_the_zone():
    monthly = first_hour(day_of_month=1, zone=SHANGHAI)  # eight hours ahead
    assert monthly.latest_slot(utc("2026-02-28T16:59")) == utc("2026-01-31T17:00")
    assert monthly.latest_slot(utc("2026-02-28T17:00")) == utc("2026-02-28T17:00")


@pytest.mark.parametrize(
    ("zone", "hour", "minute", "slot", "before"),
    [
        # Clocks go forward: a skipped time uses the offset before the gap.
        (BERLIN, 2, 30, "2026-03-29T01:30", "2026-03-28T01:30"),
        (NEW_YORK, 2, 30, "2026-03-08T07:30", "2026-03-07T07:30"),
        (LORD_HOWE, 2, 15, "2026-10-03T15:45", "2026-10-02T15:45"),
        ("America/Santiago", 0, 30, "2026-09-06T04:30", "2026-09-05T04:30"),
        # Clocks go back: for a time that occurs twice, the first one counts.
        (BERLIN, 2, 30, "2026-10-25T00:30", "2026-10-24T00:30"),
        (NEW_YORK, 1, 30, "2026-11-01T05:30", "2026-10-31T05:30"),
        (LORD_HOWE, 1, 45, "2026-04-04T14:45", "2026-04-03T14:45"),
        ("America/Havana", 0, 30, "2026-11-01T04:30", "2026-10-31T04:30"),
        # Shanghai has no clock changes.
        (SHANGHAI, 2, 30, "2026-03-28T18:30", "2026-03-27T18:30"),
        # Clocks go back across midnight: that day begins twice.
        ("America/St_Johns", 0, 0, "2010-11-07T02:30", "2010-11-06T02:30"),
        # A zone skips a whole day.
        ("Pacific/Apia", 10, 0, "2011-12-30T20:00", "2011-12-29T20:00"),
    ],
)
def test_a_slot_comes_once_where_clocks_change(zone, hour, minute, slot, before):
    daily = Crontab(minute=minute, hour=hour, zone=zone)
    assert daily.latest_slot(utc(slot) - MINUTE) == utc(before)
    for later in range(20 * 60):  # all of the second pass, for instance
        assert daily.latest_slot(utc(slot) + later * MINUTE) == utc(slot)


@given(
    zone=st.sampled_from([
        BERLIN, NEW_YORK, LORD_HOWE, SHANGHAI, "America/St_Johns", "America/Havana",
        "America/Santiago", "Pacific/Apia", "Africa/Casablanca", "Asia/Tehran",
    ]),
    now=st.integers(0, 25 * 366 * DAY // MINUTE).map(
        lambda minutes: utc("2005-01-01T00:00") + minutes * MINUTE
    ),
    hour=st.integers(0, 23),
)  # fmt: skip
def test_no_matching_minute_lies_after_the_latest_slot(zone, now, hour):
    daily = Crontab(minute=30, hour=hour, zone=zone)
    slot = daily.latest_slot(now)
    assert slot <= now
    minute = slot + MINUTE
    while minute <= now:
        local = minute.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute) != (hour, 30) or local.fold
        minute += MINUTE


@pytest.mark.parametrize("schedule", [Every(5 * MINUTE), Crontab(minute=0, hour=1)])
def test_a_moment_without_a_zone_is_refused(schedule):
    with pytest.raises(TypeError):
        schedule.latest_slot(datetime(2026, 3, 1))  # noqa: DTZ001


@pytest.mark.parametrize("interval", [timedelta(), -MINUTE])
def test_an_interval_is_positive(interval):
    with pytest.raises(ValueError, match="positive"):
        Every(interval)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"minute": 60}, "minute takes numbers from 0 to 59, not 60"),
        ({"minute": -1}, "minute"),
        ({"minute": "5"}, "minute"),
        ({"minute": True}, "minute"),
        ({"minute": 1.0}, "minute"),
        ({"hour": 24}, "hour takes numbers from 0 to 23"),
        ({"hour": (1, 24)}, "hour"),
        ({"hour": ()}, "hour"),
        ({"day_of_month": 0}, "day_of_month takes numbers from 1 to 31"),
        ({"day_of_month": 32}, "day_of_month"),
        ({"day_of_week": 8}, "day_of_week takes numbers from 0 to 7"),
        ({"zone": "Berlin"}, "'Berlin' is not an IANA time zone"),
        ({"zone": ""}, "not an IANA time zone"),
    ],
)
def test_an_invalid_crontab_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Crontab(**({"minute": 0, "hour": 0} | fields))


def test_a_new_interval_is_due_at_once_and_a_new_crontab_at_its_next_slot():
    now = utc("2026-03-01T12:01")
    interval, monthly = Every(5 * MINUTE), first_hour(day_of_month=1)
    assert interval.initial_slot(now) < interval.latest_slot(now)
    assert monthly.initial_slot(now) == monthly.latest_slot(now)
