"""The plan of every list, order and filter, for one person who owns 100,000 todos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import Role, User
from benchmarks.growth.rows import fill
from core.registry import registry
from tests.conftest import api_for
from tests.growth.shapes import shapes
from tests.plans import Plan, excess, faults, plans_of, rows_read
from tests.todos.million import empty_tables
from todos.models import Todo
from todos.viewsets.todos import ORDERS

pytestmark = pytest.mark.django_db

TODOS = 120_000


@pytest.fixture(scope="module")
def many_todos(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        try:
            fill(TODOS)
            yield
        finally:
            empty_tables()


@pytest.fixture(params=["collector", "person-7"])
def person(many_todos: None, request: pytest.FixtureRequest) -> User:
    """Someone who may see all lists of rows, and owns many todos, or few."""
    user = User.objects.get(username=request.param)
    user.groups.set(Role.objects.all())
    return user


def names_of(user: User) -> dict[str, Any]:
    """Return the rows that the addresses name."""
    todo = Todo.objects.filter(list__memberships__user=user, is_finished=False).first()
    busiest = Todo.objects.filter(list__memberships__user=user, comments__gt=0).first()
    labels = list(todo.list.labels.all()[:2]) or [todo, todo]
    return {
        "user": user.pk,
        "list": todo.list_id,
        "todo": (busiest or todo).pk,
        "label": labels[0].pk,
        "other_label": labels[1].pk,
        "moment": f"{todo.created_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def wrong_plans(user: User, addresses: Iterable[str]) -> dict[str, list[str]]:
    """Return what is wrong with the plans of each request."""
    api = api_for(user, list(registry.scopes))
    found = {}
    for address in addresses:
        plans = plans_of(api, address).values()
        wrong = [fault for plan in plans for fault in faults(plan)]
        if "?ordering=" in address and "&" not in address:
            wrong += [fault for plan in plans for fault in excess(plan)]
        if wrong:
            found[address] = wrong
    return found


def test_no_list_scans_a_table_sorts_on_disk_or_expects_few_rows_of_many(person):
    addresses = [shape.format(**names_of(person)) for shape in shapes()]
    assert len(addresses) > 100
    assert wrong_plans(person, addresses) == {}


def todos_read(plans: dict[str, Plan]) -> int:
    return sum(rows_read(plan, "todos_todo") for plan in plans.values())


@pytest.mark.parametrize("ordering", ORDERS)
@pytest.mark.parametrize("person", ["collector"], indirect=True)
def test_page_ten_thousand_costs_as_much_as_the_first(person, ordering, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    api, address = api_for(person), f"/api/v1/todos?ordering={ordering}"
    first = plans_of(api, address)
    skipping, again, neighbour = (
        plans_of(api, f"{address}&page={number}") for number in (10_000, 10_000, 9_999)
    )
    assert [faults(plan) for plan in skipping.values()] == [[]] * len(skipping)
    for far in (again, neighbour):
        assert todos_read(far) < 2 * todos_read(first)


@pytest.mark.parametrize("index", ["todo_by_rank", "comment_of_todo", "event_verb"])
@pytest.mark.parametrize("person", ["collector"], indirect=True)
def test_a_missing_index_is_noticed(person, index):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")
    names = names_of(person)
    addresses = [
        shape.format(**names)
        for shape in shapes()
        if "?ordering=" in shape or "verb=" in shape
    ]
    assert wrong_plans(person, addresses)
