"""Plans for the event log, people, keys and comments: no page scans a whole table."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from core.models import Event
from core.registry import registry
from core.timeouts import no_statement_timeout
from tests.conftest import api_for
from tests.plans import blocks, plans_of, rows_read
from tests.todos.helpers import put
from todos.models import Membership, TodoList
from todos.services.comments import add_comment

pytestmark = pytest.mark.django_db

# Blocks of 8 KiB that a page may touch; the log alone has thousands.
PAGE = 400
EVENTS, PEOPLE, COMMENTS, KEYS = 100_000, 20_000, 20_000, 20_000

_EVENTS = """
INSERT INTO core_event (id, at, actor_id, actor_label, source, request_id, verb,
    resource_type, resource_id, stream_id, seq, changes)
SELECT gen_random_uuid(), now() - n * interval '1 minute', gen_random_uuid(), 'x',
    'api', 'request-' || n, 'todo.changed', 'todo', 'todo-' || n, gen_random_uuid(),
    n, '{"content": ["before", "after"]}'
FROM generate_series(1, %s) AS n
"""
_PEOPLE = """
INSERT INTO accounts_user (id, password, is_superuser, created_at, updated_at, version,
    username, username_key, email, display_name, time_zone, language, is_active,
    access_version)
SELECT gen_random_uuid(), '!', false, now() - n * interval '1 minute', now(), 1,
    'person-' || n, 'person-' || n, '', 'Person', 'UTC', 'en', true, 1
FROM generate_series(1, %s) AS n
"""
_KEYS = """
INSERT INTO accounts_apikey (id, created_at, updated_at, version, public_id,
    secret_hash, name, scopes, user_id)
SELECT gen_random_uuid(), now() + n * interval '1 minute', now(), 1, 'public-' || n,
    'x', 'x', '[]', u.id
FROM generate_series(1, %s) AS n
JOIN accounts_user AS u ON u.username = 'person-' || n
"""
_COMMENTS = """
INSERT INTO todos_comment (id, created_at, updated_at, version, text, list_id, todo_id)
SELECT gen_random_uuid(), now() + n * interval '1 minute', now(), 1, 'Yes', list_id, id
FROM generate_series(1, %s) AS n, todos_todo WHERE content = 'Plant a tree'
"""
FILLED = ("core_event", "accounts_user", "accounts_apikey", "todos_comment")
LOG = [
    "",
    "ordering=at",
    "actor_id={actor}",
    "resource_type=user",
    "resource_type=nothing",
    "resource_type=todo&resource_id={todo}",
    "resource_id={todo}",
    "verb=comment.created",
    "verb=nothing.happened",
    "source=command",
    "request_id=request-77",
    "request_id=no-such-request",
    "at_from=2020-01-01T00:00:00Z&at_to=2020-02-01T00:00:00Z",
    "at_from=2020-01-01T00:00:00Z&ordering=at",
]


@pytest.fixture
def crowded(owner: Any, todo: Any) -> None:
    """Fill the tables; the rows that are found are the oldest or the rarest."""
    add_comment(actor=owner, todo=put(owner, None), text="x", now=timezone.now())
    with no_statement_timeout(), connection.cursor() as cursor:
        for statement, count in (
            (_EVENTS, EVENTS),
            (_PEOPLE, PEOPLE),
            (_KEYS, KEYS),
            (_COMMENTS, COMMENTS),
        ):
            cursor.execute(statement, [count])
        cursor.execute(f"ANALYZE {', '.join(FILLED)}")


def assert_cheap(client: Any, address: str) -> None:
    plans = plans_of(client, f"/api/v1/{address}")
    assert len(plans) >= 2  # the key, and what is asked for
    costs = {sql: blocks(plan) for sql, plan in plans.items()}
    dear = {sql: cost for sql, cost in costs.items() if cost > PAGE}
    assert not dear, (address, dear)


@pytest.mark.usefixtures("crowded")
def test_every_filter_of_the_event_log_uses_an_index(auditor, owner, todo):
    client = api_for(auditor)
    for query in LOG:
        assert_cheap(client, f"events?{query.format(actor=owner.pk, todo=todo.pk)}")
    assert Event.objects.count() > EVENTS


@pytest.mark.usefixtures("crowded")
def test_pages_of_people_keys_members_and_comments_use_indexes(owner, todo, manager):
    client = api_for(owner, list(registry.scopes))
    for address in (
        "users",
        "users?ordering=-created_at",
        "me/keys",
        "me/keys?ordering=created_at",
        f"lists/{todo.list_id}/members",
        "lists",
        "labels",
        f"todos/{todo.pk}/comments",
        f"todos/{todo.pk}/comments?ordering=-created_at",
        f"todos/{todo.pk}/history",
    ):
        assert_cheap(client, address)
    for address in ("users", "users?ordering=-created_at"):
        assert_cheap(api_for(manager), address)


def test_colleagues_are_read_once_despite_outdated_statistics(owner):
    """Believing that the tables are almost empty, the planner uses nested loops."""
    at = {"created_at": timezone.now(), "updated_at": timezone.now()}
    people = User.objects.bulk_create(
        User(username=f"{n}", username_key=f"{n}", **at) for n in range(50)
    )
    lists = TodoList.objects.bulk_create(TodoList(name=f"{n}", **at) for n in range(50))
    Membership.objects.bulk_create(
        Membership(list=todo_list, user=person, **at)
        for todo_list in lists
        for person in (owner, *people)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = 1, relpages = 1000 WHERE oid IN"
            " (SELECT indrelid FROM pg_index) AND relname ~ '^(accounts|todos)_'"
        )
    api = api_for(owner)
    for address in ("users?page_size=200", "users?page_size=200&ordering=-created_at"):
        assert len(api.get(f"/api/v1/{address}").json()["results"]) == 51
        found = plans_of(api, f"/api/v1/{address}")
        (plan,) = (found[sql] for sql in found if "todos_membership" in sql)
        # The person's own memberships, and those of the same lists.
        assert rows_read(plan, "todos_membership") < 2 * 51 * 50
