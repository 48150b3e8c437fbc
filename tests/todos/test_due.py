"""When a todo is due: gaps, overlaps, zones, first and last supported dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.timezones import zone_names
from tests.todos.helpers import put
from todos.due import EARLIEST, LATEST, Due
from todos.models import Todo
from todos.services.lists import inbox_of
from todos.services.todos import finish_todo

ZONES = sorted(zone_names())
dues = st.builds(
    Due,
    on=st.dates(EARLIEST, LATEST),
    time=st.times(),
    zone=st.sampled_from(ZONES),
)


@pytest.mark.parametrize(
    ("zone", "on", "at", "moment"),
    [
        # Gaps: the clock jumps from 02:00 to 03:00; the offset before the jump applies.
        ("Europe/Berlin", "2026-03-29", "02:30", "2026-03-29T01:30"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30"),
        # Half an hour at Lord Howe, a whole day on Samoa.
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45"),
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T22:00"),
        # Overlaps: the first occurrence applies.
        ("Europe/Berlin", "2026-10-25", "02:30", "2026-10-25T00:30"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
        # The most distant zones, and an unusual offset.
        ("Pacific/Kiritimati", "2026-01-01", "00:00", "2025-12-31T10:00"),
        ("Etc/GMT+12", "2026-01-01", "23:59", "2026-01-02T11:59"),
        ("Asia/Kathmandu", "2026-01-01", "05:45", "2026-01-01T00:00"),
        ("Asia/Shanghai", "2026-01-01", "08:00", "2026-01-01T00:00"),
    ],
)
def test_a_local_time_has_one_moment(zone, on, at, moment):
    due = Due(date.fromisoformat(on), time.fromisoformat(at), zone)
    assert due.moment == datetime.fromisoformat(moment).replace(tzinfo=UTC)


def test_an_ambiguous_time_means_the_first_occurrence():
    first = Due(date(2026, 10, 25), time(2, 30, fold=0), "Europe/Berlin")
    second = Due(date(2026, 10, 25), time(2, 30, fold=1), "Europe/Berlin")
    assert second.moment == first.moment


def test_a_todo_without_a_date_is_not_due():
    assert Due().moment is None
    assert Due(on=date(2026, 1, 1)).moment is None


@given(dues)
def test_every_due_time_keeps_its_local_time(due):
    local = due.moment.astimezone(ZoneInfo(due.zone))
    shown = local.replace(tzinfo=None)
    wanted = datetime.combine(due.on, due.time)
    # Only a local time that the zone skips is shown as a later one.
    assert shown == wanted or shown > wanted


@pytest.fixture
def due(owner):
    """Add a todo with this due date to the owner's inbox."""
    inbox = inbox_of(owner, now=datetime(2026, 1, 1, tzinfo=UTC))

    def add(content, on, at=None, zone="", **fields):
        return put(
            owner,
            inbox,
            content,
            due_on=date.fromisoformat(on),
            due_time=time.fromisoformat(at) if at else None,
            due_zone=zone,
            **fields,
        )

    return add


def overdue(now: datetime) -> set[str]:
    """Return what is overdue; the rows must agree with the query."""
    found = {todo.content for todo in Todo.objects.overdue(now)}
    assert {t.content for t in Todo.objects.all() if t.is_overdue(now)} == found
    return found


def test_a_time_is_overdue_when_its_moment_has_passed(due):
    due("shanghai", "2026-05-01", "09:00", "Asia/Shanghai")
    due("berlin", "2026-05-01", "09:00", "Europe/Berlin")
    assert overdue(datetime(2026, 5, 1, 1, 0, tzinfo=UTC)) == set()
    assert overdue(datetime(2026, 5, 1, 1, 0, 1, tzinfo=UTC)) == {"shanghai"}
    assert overdue(datetime(2026, 5, 1, 7, 0, 1, tzinfo=UTC)) == {"shanghai", "berlin"}


def test_a_date_is_overdue_when_the_day_is_over_in_the_offset_of_now(due):
    due("date", "2026-05-01")
    east, west = timezone(timedelta(hours=14)), timezone(timedelta(hours=-11))
    moment = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    assert overdue(moment) == set()
    assert overdue(moment.astimezone(east)) == {"date"}  # it is the 2nd there
    night = datetime(2026, 5, 2, 5, 0, tzinfo=UTC)
    assert overdue(night) == {"date"}
    assert overdue(night.astimezone(west)) == set()  # still the 1st


def test_finished_and_undated_todos_are_never_overdue(owner, due):
    done = due("done", "2020-01-01")
    finish_todo(actor=owner, todo=done, now=datetime(2026, 1, 1, tzinfo=UTC))
    put(owner, None, "no date")
    assert overdue(datetime(2999, 12, 31, tzinfo=UTC)) == set()


@pytest.mark.parametrize("edge", [EARLIEST, LATEST])
def test_the_first_and_last_supported_dates_are_found_and_overdue(due, edge):
    for index, zone in enumerate(("Pacific/Kiritimati", "Etc/GMT+12", "UTC")):
        due(f"{index}", edge.isoformat(), "23:59:59.999999", zone)
    due("date", edge.isoformat())
    assert Todo.objects.due_between(edge, edge).count() == 4
    assert Todo.objects.overdue(datetime(9999, 12, 31, tzinfo=UTC)).count() == 4
    assert Todo.objects.overdue(datetime(1, 1, 2, tzinfo=UTC)).count() == 0


def test_a_date_range_uses_the_date_in_the_todos_own_zone(due):
    due("late", "2026-05-01", "23:59", "Etc/GMT+12")  # the 2nd in UTC
    due("early", "2026-05-01", "00:00", "Pacific/Kiritimati")  # 30 April in UTC
    due("date", "2026-05-01")
    due("before", "2026-04-30", "23:59", "Etc/GMT+12")
    due("after", "2026-05-02", "00:00", "Pacific/Kiritimati")
    day = date(2026, 5, 1)
    found = {todo.content for todo in Todo.objects.due_between(day, day)}
    assert found == {"late", "early", "date"}
    assert Todo.objects.due_between(None, day).count() == 4
    assert Todo.objects.due_between(day, None).count() == 4
