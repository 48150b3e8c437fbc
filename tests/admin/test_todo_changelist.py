"""The changelist of todos: filters, order and paging; and the home page."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from core.characters import isolate
from tests.admin.cast import address, save, text_of
from tests.admin.todo_pages import TABLE
from tests.conftest import api_for, browser_for, make_person
from todos.admin import columns
from todos.models import TodoList
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.todos import add_todo, finish_todo


def shown(browser: Client, query: str) -> set[str]:
    answer = browser.get(f"{TABLE}?{query}")
    assert answer.status_code == 200
    return {todo.content for todo in answer.context["cl"].result_list}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2027-02-30", "This date does not exist."),
        ("abc", "Give a date as YYYY-MM-DD."),
        ("1899-12-31", "Ensure this value is greater than or equal to 1900-01-01."),
        ("3000-01-01", "Ensure this value is less than or equal to 2999-12-31."),
        ("x" * 1000, "Give a date as YYYY-MM-DD."),
    ],
)
def test_an_invalid_day_is_explained_and_does_not_narrow_the_changelist(
    owner, owner_browser, text, reason
):
    for content, day in (("old", date(2026, 3, 1)), ("new", date(2027, 3, 1))):
        add_todo(actor=owner, content=content, due_on=day, now=timezone.now())
    assert shown(owner_browser, f"due_from={text}") == {"old", "new"}
    assert shown(owner_browser, f"due_from={text}&due_to=2026-12-31") == {"old"}
    page = owner_browser.get(TABLE, {"due_to": text})
    (message,) = page.context["messages"]
    assert str(message).startswith(isolate(text[:20])[:-1])
    assert str(message).endswith(f": {reason}")
    api = api_for(owner).get("/api/v1/todos", {"due_to": text}).json()
    assert reason in str(api["errors"])


@pytest.mark.usefixtures("_at_noon")
def test_filters_narrow_the_changelist(owner, owner_browser, todo_list):
    now = timezone.now()
    today = now.date()
    days = {"late": -1, "now": 0, "soon": 3, "far": 30}
    for name, days_on in days.items():
        add_todo(
            actor=owner,
            todo_list=todo_list,
            content=name,
            due_on=today + timedelta(days=days_on),
            now=now,
        )
    free = add_todo(actor=owner, content="free", assignee=owner, priority=3, now=now)
    done = add_todo(actor=owner, content="done", now=now)
    finish_todo(actor=owner, todo=done, now=now)
    label = add_label(actor=owner, todo_list=free.list, name="l", now=now)
    save(owner_browser, f"{TABLE}{free.pk}/change/", labels=[str(label.pk)])
    open_todos = {*days, "free"}
    assert shown(owner_browser, "") == open_todos
    assert shown(owner_browser, "state=finished") == {"done"}
    assert shown(owner_browser, "state=all") == {*open_todos, "done"}
    assert shown(owner_browser, "due=overdue") == {"late"}
    assert shown(owner_browser, "due=today") == {"now"}
    assert shown(owner_browser, "due=week") == {"now", "soon"}
    assert shown(owner_browser, f"due_from={today}&due_to=") == {"now", "soon", "far"}
    assert shown(owner_browser, "due=none") == {"free"}
    assert shown(owner_browser, "who=mine") == {"free"}
    assert shown(owner_browser, "priority=3") == {"free"}
    assert shown(owner_browser, f"list={todo_list.pk}") == set(days)
    assert shown(owner_browser, f"label={label.pk}") == {"free"}
    assert shown(owner_browser, "q=LAT") == {"late"}
    assert shown(owner_browser, "list=nonsense") == set()


def choices_of(browser: Client, name: str, query: str = "") -> list[str]:
    """Return what a filter of the changelist offers."""
    changelist = browser.get(f"{TABLE}?{query}").context["cl"]
    (spec,) = (s for s in changelist.filter_specs if s.parameter_name == name)
    return [without_picture(choice["display"]) for choice in spec.choices(changelist)]


def without_picture(html: object) -> str:
    return strip_tags(re.sub('<span class="avatar.*?</span>', "", str(html)))


def test_todos_are_filtered_by_who_does_them(owner, editor, owner_browser, todo_list):
    now = timezone.now()
    alone = add_list(actor=owner, name="Alone", now=now)
    for content, person in (("hers", owner), ("his", editor), ("free", None)):
        add_todo(
            actor=owner,
            todo_list=todo_list,
            content=content,
            assignee=person,
            now=now,
        )
    everybody = ["All", "Me", "Nobody", "Edgar Editor", "Vera Viewer"]
    assert choices_of(owner_browser, "who") == everybody
    assert choices_of(owner_browser, "who", f"list={alone.pk}") == everybody[:3]
    assert shown(owner_browser, "who=mine") == {"hers"}
    assert shown(owner_browser, "who=none") == {"free"}
    assert shown(owner_browser, f"who={editor.pk}") == {"his"}
    assert shown(owner_browser, "who=nonsense") == set()


def test_labels_of_the_same_name_are_told_apart_by_their_lists(
    owner, owner_browser, todo_list
):
    now = timezone.now()
    shed = add_list(actor=owner, name="Shed", now=now)
    for place in (todo_list, shed):
        add_label(actor=owner, todo_list=place, name="home", now=now)
    both = ["All", "home · Garden", "home · Shed"]
    assert sorted(choices_of(owner_browser, "label")) == both
    assert choices_of(owner_browser, "label", f"list={shed.pk}") == ["All", "home"]


def test_finished_todos_are_ordered_by_when_they_were_finished(owner, owner_browser):
    old = timezone.now() - timedelta(days=500)
    names = ("second", "first", "third")
    todos = {name: add_todo(actor=owner, content=name, now=old) for name in names}
    for day, name in enumerate(("first", "second", "third")):
        at = datetime(2026, 3, 1 + day, 23, 30, tzinfo=UTC)
        finish_todo(actor=owner, todo=todos[name], now=at)
    owner.time_zone = "Asia/Shanghai"
    owner.save()
    page = owner_browser.get(f"{TABLE}?state=finished")
    listed = [todo.content for todo in page.context["cl"].result_list]
    assert listed == ["third", "second", "first"]
    for text in ("Finished at", "4 Mar", "07:30"):  # in the user's time zone
        assert text in text_of(page)
    column = page.context["cl"].list_display.index(columns.finished)
    oldest = owner_browser.get(f"{TABLE}?state=finished&o={column}")
    assert [t.content for t in oldest.context["cl"].result_list] == listed[::-1]


@pytest.mark.usefixtures("_at_noon")
def test_today_is_the_day_in_the_users_time_zone(db):
    """Kiritimati is 14 hours ahead of UTC, Pago Pago 11 behind: never the same day."""
    pages = {}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        person = make_person(zone.rpartition("/")[2].casefold(), time_zone=zone)
        with timezone.override(zone):
            day = timezone.localdate()
        add_todo(actor=person, content=zone, due_on=day, now=timezone.now())
        browser = browser_for(person)
        assert shown(browser, "due=today") == {zone}
        assert shown(browser, "due=overdue") == set()
        pages[zone] = day
    assert len(set(pages.values())) == 2


@pytest.mark.usefixtures("_at_noon")
def test_overdue_follows_the_users_time_zone(owner, owner_browser):
    two_days_ago = timezone.now().date() - timedelta(days=2)
    add_todo(actor=owner, content="Late", due_on=two_days_ago, now=timezone.now())
    assert "due-late" in text_of(owner_browser.get(TABLE))


def test_every_ordering_pages_through_all_rows_once(owner, owner_browser, todo_list):
    now = timezone.now()
    for number in range(120):
        add_todo(
            actor=owner,
            todo_list=todo_list if number % 2 else None,
            content=f"n{number}",
            due_on=date(2027, 1, 1) + timedelta(days=number % 40),
            now=now + timedelta(seconds=number),
        )
    for order in ("", "o=4", "o=-4", "o=5"):
        seen: list[str] = []
        page: str | None = f"?{order}"
        while page:
            answer = owner_browser.get(TABLE + page)
            seen += [todo.content for todo in answer.context["cl"].result_list]
            page = answer.context["cl"].next_page
        assert sorted(seen) == sorted(f"n{number}" for number in range(120)), order
    assert seen != sorted(seen)


def test_a_cursor_of_another_order_or_a_forged_one_shows_the_first_page(
    owner, owner_browser, todo
):
    for place in ("p=7", "p=forged:1abc:xyz", "p="):
        assert shown(owner_browser, place) == {"Plant a tree"}


@pytest.mark.usefixtures("_at_noon")
def test_the_home_page_shows_what_is_due(owner, owner_browser, todo_list):
    now = timezone.now()
    today = now.date()
    for content, days in (
        ("Yesterday's", -1),
        ("Today's", 0),
        ("Soon", 4),
        ("Far", 60),
    ):
        due = today + timedelta(days=days)
        add_todo(actor=owner, content=content, due_on=due, assignee=owner, now=now)
    page = owner_browser.get("/admin/")
    boxes = {
        name: [todo.content for todo in page.context[name]]
        for name in ("overdue", "today", "soon", "mine")
    }
    assert boxes["overdue"] == ["Yesterday's"]
    assert boxes["today"] == ["Today's"]
    assert boxes["soon"] == ["Soon"]
    assert boxes["mine"] == ["Yesterday's", "Today's", "Soon", "Far"]
    assert isinstance(page.context["lists"][0], TodoList)
    assert "Hello, Olga Owner" in text_of(page)


def test_a_subtask_in_the_changelist_names_its_parent(owner, owner_browser, todo):
    add_todo(
        actor=owner, todo_list=todo.list, parent=todo, content="Dig", now=timezone.now()
    )
    page = owner_browser.get(address("todos_todo_changelist")).content.decode()
    assert (
        '<bdi>Dig</bdi> <small class="part-of" dir="auto">Plant a tree</small>' in page
    )
    assert page.count('class="part-of"') == 1
