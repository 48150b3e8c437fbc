"""The order by due date, and what follows it: overdue, filters, the home page."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from core.scoping import Order
from tests.conftest import NOW, api_for, browser_for, make_person
from todos.due import EARLIEST, LATEST, Period
from todos.models import Todo
from todos.services.lists import inbox_of
from todos.services.todos import add_todo, finish_todo

TABLE = "/admin/todos/todo/"
ZONES = (
    "Pacific/Kiritimati",  # UTC+14
    "Pacific/Auckland",
    "Asia/Kathmandu",
    "UTC",
    "America/Los_Angeles",
    "Etc/GMT+12",  # UTC-12
)
# Due dates and times, in order.
IN_ORDER = (
    (EARLIEST.isoformat(), "00:00"),
    (EARLIEST.isoformat(), ""),
    ("2026-11-30", "23:59:59.999999"),
    ("2026-11-30", ""),
    ("2026-12-01", "00:00"),
    ("2026-12-01", "00:00:00.000001"),
    ("2026-12-01", "09:00"),
    ("2026-12-01", "20:00"),
    ("2026-12-01", "23:59:59.999999"),
    ("2026-12-01", ""),
    ("2026-12-02", "00:00"),
    ("2026-12-02", "09:00"),
    ("2026-12-02", ""),
    (LATEST.isoformat(), "23:59:59.999999"),
    (LATEST.isoformat(), ""),
    ("", ""),
)


def add_due(person: User, on: str, at: str = "", **fields) -> Todo:
    """Add a todo that is named after its due date and time."""
    if on:
        fields["due_on"] = date.fromisoformat(on)
    if at:
        fields["due_time"] = time.fromisoformat(at)
    content = f"{on} {at}".strip() or "some day"
    return add_todo(actor=person, content=content, **{"now": NOW} | fields)


@pytest.fixture(params=ZONES)
def person(request, db) -> User:
    """Somebody in the zone, with todos added in no order."""
    someone = make_person("zoe", time_zone=request.param)
    for number in range(len(IN_ORDER)):
        add_due(someone, *IN_ORDER[number * 7 % len(IN_ORDER)])
    return someone


def in_order() -> list[str]:
    return [f"{on} {at}".strip() or "some day" for on, at in IN_ORDER]


def walk(api, query: str) -> list[str]:
    found, page = [], f"/api/v1/todos?{query}"
    while page:
        answer = api.get(page).json()
        found += [row["content"] for row in answer["results"]]
        page = answer["next"]
    return found


def test_dates_and_times_are_in_order_in_every_zone(person):
    api, browser = api_for(person), browser_for(person)
    wanted = in_order()
    assert walk(api, "ordering=due&page_size=3") == wanted
    assert walk(api, "ordering=-due&page_size=3") == wanted[::-1]
    table = browser.get(f"{TABLE}?o=4").context["cl"].result_list
    assert [todo.content for todo in table] == wanted


def test_ranges_are_exact_at_both_edges_in_every_zone(person):
    api, browser = api_for(person), browser_for(person)
    for first, last in (
        ("2026-12-01", "2026-12-01"),
        ("2026-11-30", "2026-12-01"),
        (EARLIEST.isoformat(), "2026-11-30"),
        ("2026-12-02", LATEST.isoformat()),
        ("2026-12-02", "2026-12-01"),
    ):
        wanted = [
            f"{on} {at}".strip() for on, at in IN_ORDER if on and first <= on <= last
        ]
        query = f"due_from={first}&due_to={last}"
        assert walk(api, f"{query}&ordering=due") == wanted
        table = browser.get(f"{TABLE}?{query}").context["cl"].result_list
        assert [todo.content for todo in table] == wanted


def test_what_is_overdue_comes_first_in_every_zone(person):
    """At each moment, what is overdue is the beginning of what is due."""
    zone = ZoneInfo(person.time_zone)
    rows = list(
        Todo.objects.keyset_page(Order("due_key"), after=None, offset=0, limit=99)
    )
    edges = [
        datetime.combine(date(2026, 12, day), time.fromisoformat(at), zone)
        for day in (1, 2)
        for at in ("00:00", "00:00:00.000002", "09:00", "09:00:01", "23:59:59")
    ]
    for now in edges:
        late = {todo.pk for todo in Todo.objects.overdue(now)}
        assert late == {row.pk for row in rows if row.is_overdue(now)}
        assert late == {row.pk for row in rows[: len(late)]}
        rest = {todo.pk for todo in Todo.objects.not_overdue(now)}
        assert rest == {row.pk for row in rows if row.due_on} - late


def test_rows_of_several_zones_are_in_the_order_of_their_own_clocks(
    owner, editor_api, todo_list
):
    """Everybody in a shared list sees the same order, and may share a cursor."""
    for zone, on, at in (
        ("America/Los_Angeles", "2026-12-01", "20:00"),  # the 2nd, 04:00 UTC
        ("Pacific/Auckland", "2026-12-02", "09:00"),  # the 1st, 20:00 UTC
        ("UTC", "2026-12-01", "21:00"),
    ):
        add_due(owner, on, at, due_zone=zone, todo_list=todo_list)
    add_due(owner, "2026-12-01", todo_list=todo_list)
    query = f"list={todo_list.pk}&ordering=due&page_size=2"
    wanted = ["2026-12-01 20:00", "2026-12-01 21:00", "2026-12-01", "2026-12-02 09:00"]
    assert walk(editor_api, query) == walk(api_for(owner), query) == wanted
    following = editor_api.get(f"/api/v1/todos?{query}").json()["next"]
    rest = api_for(owner).get(following).json()["results"]
    assert [row["content"] for row in rest] == wanted[2:]


TODAY = date(2026, 12, 2)  # a Wednesday


@pytest.mark.parametrize(
    ("period", "today", "first", "last"),
    [
        (Period.TODAY, TODAY, TODAY, TODAY),
        (Period.TOMORROW, TODAY, date(2026, 12, 3), date(2026, 12, 3)),
        (Period.WEEK, TODAY, TODAY, date(2026, 12, 8)),
        (Period.NEXT_WEEK, TODAY, date(2026, 12, 7), date(2026, 12, 13)),
        (Period.NEXT_WEEK, date(2026, 12, 6), date(2026, 12, 7), date(2026, 12, 13)),
        (Period.NEXT_WEEK, date(2026, 12, 7), date(2026, 12, 14), date(2026, 12, 20)),
        (Period.TOMORROW, date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_period_has_these_days(period, today, first, last):
    assert period.days(today) == (first, last)


@pytest.fixture
def noon_there(request, db, monkeypatch):
    """Stop the clock at noon of TODAY in the zone; return somebody there."""
    zone = request.param
    noon = datetime.combine(TODAY, time(12), ZoneInfo(zone)).astimezone(UTC)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    return make_person("zoe", time_zone=zone)


@pytest.mark.parametrize("noon_there", ZONES, indirect=True)
def test_the_home_page_and_the_filters_show_the_same(noon_there):
    browser = browser_for(noon_there)
    for distance in range(-2, 14):
        on = (TODAY + timedelta(days=distance)).isoformat()
        add_due(noon_there, on, now=timezone.now())
        add_due(noon_there, on, "11:59", now=timezone.now())
        add_due(noon_there, on, "12:01", now=timezone.now())

    def shown(query: str) -> list[str]:
        table = browser.get(f"{TABLE}?{query}").context["cl"].result_list
        return [todo.content for todo in table]

    page = browser.get("/admin/").context
    home = {
        name: [todo.content for todo in page[name]]
        for name in ("overdue", "today", "soon")
    }
    late = shown("due=overdue")
    assert home["overdue"] == late == [*shown("due_to=2026-12-01"), "2026-12-02 11:59"]
    assert home["today"] == [name for name in shown("due=today") if name not in late]
    assert home["today"] == ["2026-12-02 12:01", "2026-12-02"]
    week = [name for name in shown("due=week") if name not in late]
    assert (home["today"] + home["soon"]) == week[: 2 + len(home["soon"])]
    assert shown("due=week") == shown("due_from=2026-12-02&due_to=2026-12-08")
    assert shown("due=tomorrow") == shown("due_from=2026-12-03&due_to=2026-12-03")
    assert shown("due=next_week") == shown("due_from=2026-12-07&due_to=2026-12-13")


@pytest.mark.parametrize("noon_there", ZONES, indirect=True)
def test_ten_rows_of_the_home_page_are_those_due_first(noon_there):
    now = timezone.now()
    for minute in range(12):
        add_due(noon_there, "2026-12-02", f"09:{minute:02}", now=now)
        add_due(noon_there, "2026-12-02", f"18:{minute:02}", now=now)
        add_due(noon_there, "2026-12-03", f"00:{minute:02}", now=now)
    add_due(noon_there, "2026-12-02", now=now)
    add_due(noon_there, "2026-12-08", now=now)
    add_due(noon_there, "2026-12-09", now=now)
    page = browser_for(noon_there).get("/admin/").context
    assert [t.content for t in page["overdue"]] == [
        f"2026-12-02 09:{minute:02}" for minute in range(10)
    ]
    # What is overdue takes no place of what is still due today.
    assert [t.content for t in page["today"]] == [
        f"2026-12-02 18:{minute:02}" for minute in range(10)
    ]
    assert [t.content for t in page["soon"]] == [
        f"2026-12-03 00:{minute:02}" for minute in range(10)
    ]
    for todo in Todo.objects.filter(due_time__isnull=False):
        finish_todo(actor=noon_there, todo=todo, now=now)
    page = browser_for(noon_there).get("/admin/").context
    assert [t.content for t in page["today"]] == ["2026-12-02"]
    assert [t.content for t in page["soon"]] == ["2026-12-08"]
    assert inbox_of(noon_there, now=now).todos.count() == 39
