"""Totals of tables that lists keep, so that no todos are counted."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from core.admin import paginator
from tests.admin.cast import address
from tests.admin.todo_pages import TABLE
from todos.admin.todos import TodoAdmin
from todos.models import TodoList
from todos.services.todos import add_todo, finish_todo
from todos.services.trash import trash_todo

TRASH = address("todos_todo_trash")


@pytest.fixture
def full(owner, todo_list):
    """A list with a todo in each state, which says that there are many more."""
    now = timezone.now()
    for verb in (None, finish_todo, trash_todo):
        todo = add_todo(actor=owner, todo_list=todo_list, content="x", now=now)
        if verb:
            verb(actor=owner, todo=todo, now=now)
    numbers = {"open_count": 5000, "finished_count": 300, "trashed_count": 20}
    TodoList.objects.filter(pk=todo_list.pk).update(**numbers)
    return todo_list


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", "1–1 of 5,000"),
        ("?state=finished", "1–1 of 300"),
        ("?state=all", "1–2 of 5,300"),
        ("?list={list}", "1–1 of 5,000"),
        ("?list={list}&state=all", "1–2 of 5,300"),
        ("?state=x", "1–1 of 5,000"),
        ("?priority=0", ""),
        ("?q=x", ""),
        ("?due=none&list={list}", ""),
        ("?who=none", ""),
    ],
)
def test_the_total_is_that_of_the_lists_unless_another_filter_is_chosen(
    owner_browser, full, query, total
):
    page = owner_browser.get(TABLE + query.format(list=full.pk)).context["cl"]
    assert page.result_list
    assert page.range_shown == total


def test_an_unknown_list_has_no_todos(owner_browser, full):
    for unknown in ("x", full.created_by_id):
        page = owner_browser.get(f"{TABLE}?list={unknown}").context["cl"]
        assert page.result_count == 0
        assert page.range_shown == ""


def test_the_trash_shows_the_total_of_the_lists(owner_browser, full):
    page = owner_browser.get(TRASH).context["cl"]
    assert page.range_shown == "1–1 of 20"


def test_all_rows_can_be_selected_only_if_they_are_not_too_many(owner_browser, full):
    assert owner_browser.get(TABLE).context["cl"].total == ""
    assert owner_browser.get(f"{TABLE}?state=finished").context["cl"].total == "300"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["1–2 of 7", "3–4 of 7", "7 in total", "7 in total"]),
        (
            "?q=n",
            [
                "1–2 of more than 3",
                "3–4",
                "more than 3 in total",
                "more than 3 in total",
            ],
        ),
    ],
)
def test_a_page_behind_uncounted_rows_shows_the_total(
    owner, owner_browser, monkeypatch, query, shown
):
    now = timezone.now()
    for number in range(7):
        moment = now + timedelta(seconds=number)
        add_todo(actor=owner, content=f"n{number}", now=moment)
    monkeypatch.setattr(paginator, "MAX_COUNTED", 3)
    monkeypatch.setattr(TodoAdmin, "list_per_page", 2)
    pages = [owner_browser.get(TABLE + query).context["cl"]]
    while following := pages[-1].next_page:
        pages.append(owner_browser.get(TABLE + following).context["cl"])
    assert [page.range_shown for page in pages] == shown


def test_the_table_of_lists_shows_how_many_todos_are_open(owner_browser, full):
    def shown() -> list[str]:
        page = owner_browser.get(address("todos_todolist_changelist"))
        return re.findall(r'field-open_todos"[^>]*>([^<]*)<', page.content.decode())

    assert sorted(shown()) == ["0", "5,000"]
    # The previous release has changed the list without counting.
    TodoList.objects.filter(pk=full.pk).update(counted_revision=None)
    assert sorted(shown()) == ["0", "1"]
