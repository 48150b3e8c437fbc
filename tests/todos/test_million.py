"""Every query of todos uses an index, with a million todos."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.scoping import Order
from core.timeouts import no_statement_timeout
from tests.admin.cast import address
from tests.conftest import api_for, browser_for, make_person
from tests.plans import Plan, blocks, nodes, plan_of, plans_of, scanned
from tests.todos.million import Million, empty_tables, write_million
from todos.fields import SORT_KEYS
from todos.models import Todo
from todos.viewsets.todos import ORDERS

TOTAL = "/api/v1/todos?count=true"
TABLE, TRASH = address("todos_todo_changelist"), address("todos_todo_trash")

pytestmark = pytest.mark.django_db

# Pages of 8 KiB that a request may touch. The table alone has 30,000; the person with
# two hundred lists needs about eight for each list and state.
PAGE = 4_000
FILTER = 20_000
PEOPLE = ("unlucky", "many", "huge")

FILTERS = {
    "trash": ("state=trashed", FILTER),
    "rare word": ("search=zanzibar", FILTER),
    "word in all": ("search=water", FILTER),
    "word in none": ("search=nowhere", FILTER),
    "Chinese word": ("search=好好", FILTER),
    "usual and rare words": ("search=zanzibar+water+每天", 30_000),
    "words in none": ("search=zanzibar+好好学习", FILTER),
    "Chinese word by due": ("search=每天&ordering=due", FILTER),
    "rare word, finished, by priority": (
        "search=zanzibar&state=finished&ordering=-priority",
        FILTER,
    ),
    "label": ("label={label}", FILTER),
    "label by due": ("label={label}&ordering=due", FILTER),
    "rare priority": ("priority=3", FILTER),
    "usual priority": ("priority=0", FILTER),
    "priority by due": ("priority=2&ordering=due", FILTER),
    "days": ("due_from=2026-01-10&due_to=2026-01-12", FILTER),
    "days by due": ("due_from=2026-01-10&due_to=2026-01-12&ordering=due", FILTER),
    "moments": (
        "created_from=2020-02-01T00:00:00Z&created_to=2020-02-02T00:00:00Z",
        FILTER,
    ),
    "moments to come": ("created_from=2029-01-01T00:00:00Z", FILTER),
    "a little overdue": ("overdue_at=2026-01-03T00:00:00Z", FILTER),
    # Everything overdue in another order is sorted: once over the person's own rows.
    "all overdue": ("overdue_at=2037-01-03T00:00:00Z", 200_000),
    "all overdue by due": ("overdue_at=2037-01-03T00:00:00Z&ordering=due", FILTER),
    "assignee": ("assignee={user}", FILTER),
    "my own": ("assignee=me&ordering=due", FILTER),
    "assigned to nobody": ("assignee=none&ordering=due", FILTER),
    "any label": ("labels_any={label},{list}", FILTER),
    "any label by due": ("labels_any={label},{list}&ordering=due", FILTER),
    "all labels": ("labels_all={label},{list}", FILTER),
    # Half of the rows of every list match.
    "no date": ("due=none", 40_000),
    "a date": ("due=any", 40_000),
    "a date by due": ("due=any&ordering=due", FILTER),
    "finished days": ("state=finished&due_from=2026-01-10&due_to=2026-01-12", FILTER),
    "finished word": ("state=finished&search=zanzibar", FILTER),
    "assignee, open, by due": ("assignee={user}&state=open&ordering=due", FILTER),
    "list": ("list={list}", FILTER),
    "list and word": ("list={list}&search=zanzibar", FILTER),
    "subtasks": ("parent={list}", FILTER),
}


@pytest.fixture(scope="module")
def million(django_db_setup: None, django_db_blocker: Any) -> Iterator[Million]:
    """A million todos for all tests of this module."""
    with django_db_blocker.unblock():
        try:
            yield write_million(make_person)
        finally:
            empty_tables()


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("state", ["", "open", "finished"])
@pytest.mark.parametrize("ordering", ORDERS)
def test_the_first_page_reads_few_rows(million, person, ordering, state):
    query = f"ordering={ordering}" + (f"&state={state}" if state else "")
    assert touched(getattr(million, person), query) < PAGE


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("shape", FILTERS)
def test_every_filter_uses_an_index(million, person, shape):
    query, bound = FILTERS[shape]
    user = getattr(million, person)
    own_list = user.memberships.filter(list__inbox_of=None).first().list_id
    query = query.format(label=million.label.pk, user=user.pk, list=own_list)
    assert touched(user, query) < bound


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("query", ["", "state=open", "state=trashed", "list={list}"])
def test_a_total_reads_no_todos(million, person, query):
    user = getattr(million, person)
    own_list = user.memberships.filter(list__inbox_of=None).first().list_id
    with CaptureQueriesContext(connection) as queries:
        answer = api_for(user).get(f"{TOTAL}&{query.format(list=own_list)}")
    assert answer.json()["count"] > 0
    (sql,) = (q["sql"] for q in queries if "counted_revision" in q["sql"])
    read = [node for node in nodes(plan_of(sql)) if node["Actual Loops"]]
    tables = {node.get("Relation Name") for node in read}
    assert "todos_todolist" in tables
    assert "todos_todo" not in tables
    assert not any("todo_" in node.get("Index Name", "") for node in read)


def test_a_table_of_the_admin_counts_no_todos(million):
    browser = browser_for(million.huge)
    for page in (TABLE, f"{TABLE}?state=all&list={million.huge_list.pk}", TRASH):
        with CaptureQueriesContext(connection) as queries:
            shown = browser.get(page).context["cl"]
        assert shown.result_count > 2_000
        assert not any("AS counted" in query["sql"] for query in queries)


@pytest.mark.parametrize("ordering", ORDERS)
def test_page_ten_thousand_by_cursor_costs_as_much_as_the_first(million, ordering):
    order = ORDERS[ordering]
    todos = Todo.with_trash.visible_to(million.huge).active()
    with no_statement_timeout():  # seeking the position is not measured
        name = order.field
        keyed = (
            todos.annotate(**{name: SORT_KEYS[name]()}) if name in SORT_KEYS else todos
        )
        row = keyed.order_by(*order.columns)[100_000]
    first = page_cost(todos, order, None)
    deep = page_cost(todos, order, order.position_of(row))
    assert deep < first + 500


def test_the_other_collections_use_indexes(million):
    api = api_for(million.many)
    for collection in ("lists", "labels", "me/keys", "users"):
        for sql, plan in plans_of(api, f"/api/v1/{collection}").items():
            assert checked(plan) < PAGE, sql


def touched(user: User, query: str) -> int:
    """Return how many blocks the statements of one request read."""
    plans = plans_of(api_for(user), f"/api/v1/todos?{query}")
    return sum(checked(plan) for plan in plans.values())


def page_cost(todos: Any, order: Order, after: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        rows = todos.keyset_page(order, after=after, offset=0, limit=11)
    assert len(rows) == 11
    return sum(checked(plan_of(query["sql"])) for query in queries)


def checked(plan: Plan) -> int:
    """Return how many blocks a statement reads, if its plan is a good one."""
    assert "todos_todo" not in scanned(plan)
    return blocks(plan)
