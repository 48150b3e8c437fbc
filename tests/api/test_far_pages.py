"""Pages far from the start: the right rows, read from known places."""

from __future__ import annotations

import random
from collections import namedtuple
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.api import places
from core.api.places import Places
from core.scoping import Order
from tests.conftest import NOW, api_for
from tests.todos.helpers import fresh
from todos import merging, reads
from todos.services.lists import add_list
from todos.services.todos import add_todo, edit_todo
from todos.services.trash import trash_todo

TODOS = "/api/v1/todos"
LENGTH = 100
Row = namedtuple("Row", ["number", "pk"])


class Numbers:
    """A collection whose rows are numbered; it notes how many rows were skipped."""

    def __init__(self, length=LENGTH):
        self.rows = [Row(number, f"{number:04}") for number in range(length)]
        self.skipped = []

    def keyset_page(self, order, *, after, offset, limit):
        self.skipped.append(offset)
        rows = sorted(self.rows, reverse=order.descending)
        if after is not None:
            assert after[1] == f"{after[0]:04}"
            rows = rows[[row.number for row in rows].index(after[0]) + 1 :]
        return rows[offset : offset + limit]


@pytest.fixture(autouse=True)
def _soon_far(monkeypatch, settings):
    """Let pages be far after two rows, and keep places in memory."""
    for module in (places, merging, reads):
        monkeypatch.setattr(module, "FAR", 2)
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    cache.clear()


@pytest.fixture
def numbers():
    return Numbers()


def read(numbers, offset, limit=11, state="one"):
    """Return the numbers on a page, and how many rows were skipped to read it."""
    page = Places(state, Order("number")).page(numbers, offset=offset, limit=limit)
    return [row.number for row in page], numbers.skipped[-1]


def test_the_first_far_page_skips_all_rows_before_it(numbers):
    assert read(numbers, 50) == (list(range(50, 61)), 49)


@pytest.mark.parametrize("offset", [50, 60, 40, 70, 30])
def test_a_page_near_a_known_one_skips_few_rows(numbers, offset):
    read(numbers, 50)
    page, skipped = read(numbers, offset)
    assert page == list(range(offset, offset + 11))
    assert skipped <= 10


def test_a_page_before_a_known_one_is_read_backwards_if_that_is_shorter(numbers):
    read(numbers, 80)
    assert read(numbers, 60) == (list(range(60, 71)), 8)
    assert read(numbers, 10) == (list(range(10, 21)), 9)


def test_places_of_another_state_are_not_used(numbers):
    read(numbers, 50)
    assert read(numbers, 50, state="two")[1] == 49


def test_only_so_many_places_are_kept(numbers, monkeypatch):
    monkeypatch.setattr(places, "KEPT", 4)
    for offset in (90, 70, 50, 30):
        read(numbers, offset)
    assert read(numbers, 90)[1] > 20


def test_pages_at_and_after_the_end_are_short(numbers):
    for offset in (95, 95, 99, 100, 100, 150, 95):
        page, _skipped = read(numbers, offset)
        assert page == list(range(offset, LENGTH))[:11]


def test_jumps_in_any_order_find_the_same_rows_as_skipping(numbers):
    chance = random.Random(5)  # noqa: S311  (no secret)
    for _jump in range(300):
        offset, size = chance.randrange(110), chance.randrange(1, 20)
        page, _skipped = read(numbers, offset, size + 1)
        assert page == list(range(LENGTH))[offset : offset + size + 1]


def pages_of(api, query, count):
    """Return the ids on each numbered page, read in a random order."""
    chance, numbers = random.Random(3), list(range(1, count + 1))  # noqa: S311
    found = {}
    for number in chance.sample(numbers * 2, 2 * count):
        answer = api.get(f"{TODOS}?{query}&page={number}")
        assert answer.status_code == 200, answer.content
        found[number] = [row["id"] for row in answer.json()["results"]]
    return [pk for number in numbers for pk in found[number]]


@pytest.mark.parametrize("ordering", ["-created_at", "due"])
@pytest.mark.parametrize("filters", ["", "&search=todo"])
def test_numbered_pages_show_every_row_once_even_after_changes(
    owner, todo_list, ordering, filters
):
    shed, api = add_list(actor=owner, name="Shed", now=NOW), api_for(owner)
    made = [
        add_todo(
            actor=owner,
            todo_list=(shed, todo_list)[number % 2],
            content=f"todo {number}",
            now=NOW + timedelta(minutes=number // 3),
            priority=number % 2,
        )
        for number in range(20)
    ]
    query = f"ordering={ordering}{filters}&page_size=3"
    for change in (
        lambda: None,
        lambda: trash_todo(actor=owner, todo=fresh(made[7]), now=NOW),
        lambda: edit_todo(actor=owner, todo=fresh(made[8]), now=NOW, priority=1),
        lambda: add_todo(actor=owner, todo_list=shed, content="todo", now=NOW),
    ):
        change()
        whole = api.get(f"{TODOS}?ordering={ordering}{filters}&page_size=200").json()
        expected = [row["id"] for row in whole["results"]]
        assert len(expected) > 8
        assert pages_of(api, query, 8) == expected


@pytest.fixture
def lists(owner, todo_list):
    """A list of 16 todos, and one of eight."""
    shed = add_list(actor=owner, name="Shed", now=NOW)
    for number in range(24):
        add_todo(
            actor=owner,
            todo_list=shed if number % 3 else todo_list,
            content=f"todo {number}",
            due_on=(NOW + timedelta(days=number % 5)).date(),
            now=NOW + timedelta(minutes=number),
        )
    return shed, todo_list


def name_lists(monkeypatch, *, few, long):
    monkeypatch.setattr(merging, "FEW_LISTS", few)
    monkeypatch.setattr(merging, "FEW_LISTS_IF_FAR", few)
    monkeypatch.setattr(merging, "LONG", long)
    cache.clear()


@pytest.mark.parametrize("ordering", ["-created_at", "due"])
def test_pages_do_not_depend_on_which_lists_a_statement_names(
    owner, lists, monkeypatch, ordering
):
    api, query = api_for(owner), f"ordering={ordering}&search=todo"
    of_all = pages_of(api, query, 3)
    assert len(set(of_all)) == 24
    name_lists(monkeypatch, few=0, long=10)
    assert pages_of(api, query, 3) == of_all
    name_lists(monkeypatch, few=1, long=10)
    assert pages_of(api, query, 3) == of_all


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite merges nothing")
@pytest.mark.parametrize(("few", "long", "named"), [(3, 10, 2), (1, 10, 1), (1, 20, 0)])
def test_of_many_lists_a_statement_names_the_long_ones(
    owner, lists, monkeypatch, few, long, named
):
    name_lists(monkeypatch, few=few, long=long)
    with CaptureQueriesContext(connection) as queries:
        assert api_for(owner).get(f"{TODOS}?search=todo").status_code == 200
    page = next(query["sql"] for query in queries if "AS place" in query["sql"])
    shown = [one for one in lists if one.pk.hex in page.replace("-", "")]
    assert shown == list(lists[:named])
