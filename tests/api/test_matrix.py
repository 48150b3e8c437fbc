"""Every endpoint, method, person and object: no response reveals too much."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from core.models import Event
from core.registry import registry
from tests.api.matrix_table import MAY_READ, ROWS, Row, path_of
from tests.api.matrix_world import (
    CANARIES,
    MEMBERS,
    METHODS,
    NO_MEMBERS,
    REFUSED,
    World,
    body_for,
    built_once,
    client_of,
    collections,
    endpoints,
)

pytestmark = pytest.mark.django_db
ALL_ROWS = pytest.mark.parametrize("row", ROWS.values(), ids=str)
CATALOGUES = {"roles/{role}"}  # the same for everyone, so no row is foreign
SMALL = {"auth_group", "auth_permission"}  # tables whose rows come with the release
COLLECTIONS = dict(collections())
Things = dict[str, Any]
PEOPLE = (*MEMBERS, *NO_MEMBERS, "roleless")
# Columns whose people are ordinary members of the service.
HAVE_OWN = (*MEMBERS, "outsider", "manager", "administrator")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with built_once(django_db_blocker) as world:
        yield world


def ask(client: Any, row: Row, things: Things, anchor: Any = None) -> Any:
    """Send the request, and roll back what it did."""
    path = row.path.format(**things)
    body = body_for(row.method, row.endpoint, things, anchor)
    before = Event.objects.count()
    with transaction.atomic():
        answer = client.generic(row.method, path, *encoded(body))
        refused = answer.status_code >= 400
        assert not refused or Event.objects.count() == before, (
            "a refusal recorded events"
        )
        transaction.set_rollback(True)
    return whole(answer) if answer.streaming else answer


def whole(answer: Any) -> HttpResponse:
    """Return a streamed response with all of its content."""
    content = b"".join(answer)
    return HttpResponse(content, status=answer.status_code, headers=answer.headers)


def encoded(body: Any) -> tuple[str | bytes, str]:
    """Return a body with its type: JSON, or a file."""
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    return ("", "") if body is None else (json.dumps(body), "application/json")


def same_but_for_ids(one: Any, two: Any, of_one: Things, of_two: Things) -> bool:
    """Return whether the responses are equal except for the requested ids."""
    return without_ids(one, of_one) == without_ids(two, of_two)


def without_ids(answer: Any, things: Things) -> tuple[Any, ...]:
    names = {answer["X-Request-ID"]: "<request>"}
    names |= {str(pk): f"<{name}>" for name, pk in things.items() if name != "role"}
    text = answer.content.decode()
    for found, name in names.items():
        text = text.replace(found, name)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in {"X-Request-ID", "Content-Length", "ETag"}
    }
    return answer.status_code, headers, text


def assert_nothing_leaked(answer: Any, person: str, row: Row) -> None:
    allowed = MAY_READ.get((person, row.endpoint), frozenset())
    leaked = {
        kind for kind, word in CANARIES.items() if word in answer.content.decode()
    }
    assert leaked <= allowed, f"{person} reads {leaked - allowed} at {row}"


def anchor_for(world: World, person: str, which: str) -> Any:
    """Return a todo that the person sees, of the object's list where they see it."""
    sees_shared = which == "shared" and person in MEMBERS
    return (world.shared if sees_shared else world.owns[person])["anchor"]


def test_the_table_lists_every_endpoint_and_nothing_else():
    assert set(ROWS) == set(endpoints())


@ALL_ROWS
def test_users_get_the_expected_status_for_their_own_rows(world, row):
    for person in HAVE_OWN:
        column = "own" if row.statuses["own"] != 403 else person
        answer = ask(
            world.clients[person],
            row,
            world.owns[person],
            anchor_for(world, person, "own"),
        )
        assert answer.status_code == row.statuses[column], (person, answer.content)
        assert_nothing_leaked(answer, person, row)


@ALL_ROWS
def test_members_get_the_expected_status_for_a_shared_list(world, row):
    for person in PEOPLE:
        anchor = anchor_for(world, person, "shared")
        answer = ask(world.clients[person], row, world.shared, anchor)
        assert answer.status_code == row.statuses[person], (person, answer.content)
        assert_nothing_leaked(answer, person, row)


@ALL_ROWS
def test_a_row_of_another_person_gets_the_same_response_as_a_missing_one(world, row):
    for person in PEOPLE:
        anchor = anchor_for(world, person, "foreign")
        client, nothing = world.clients[person], world.object_for(person, "unknown")
        foreign = ask(client, row, world.foreign, anchor)
        unknown = ask(client, row, nothing, anchor)
        assert_nothing_leaked(foreign, person, row)
        if not row.names_object or row.endpoint in CATALOGUES:
            continue
        column = "outsider" if person in MEMBERS else person
        assert foreign.status_code == row.statuses[column], (person, foreign.content)
        if foreign.status_code == 200:
            assert (person, row.endpoint) in MAY_READ
            assert unknown.status_code == 404
        else:
            assert same_but_for_ids(foreign, unknown, world.foreign, nothing)


@ALL_ROWS
def test_trashed_rows_are_hidden(world, row):
    if "trashed" not in row.statuses:
        return
    anchor = world.shared["anchor"]
    answer = ask(world.clients["owner"], row, world.trashed_for(row), anchor)
    assert answer.status_code == row.statuses["trashed"], answer.content


@ALL_ROWS
def test_requests_without_a_valid_key_are_refused(world, row):
    for person in REFUSED:
        for things in (world.shared, world.foreign, world.object_for("", "unknown")):
            answer = ask(world.clients[person], row, things, things.get("anchor"))
            assert answer.status_code == 401, person
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert_nothing_leaked(answer, person, row)


@ALL_ROWS
def test_a_key_is_limited_to_its_scopes(world, row):
    owner = world.people["owner"]
    expected = row.statuses["owner"]
    needed = f"{row.scope}:{'write' if row.writes else 'read'}"
    anchor = world.shared["anchor"]
    others = [scope for scope in registry.scopes if scope != needed]
    refused = ask(client_of(owner, others), row, world.shared, anchor)
    assert refused.status_code == 403
    assert refused.json()["code"] == "scope_missing"
    # A key can only create keys with scopes that it has itself.
    with_it = [needed, "todos:read"] if row.scope == "keys" else [needed]
    allowed = ask(client_of(owner, with_it), row, world.shared, anchor)
    assert allowed.status_code == expected, allowed.content
    reader = client_of(
        owner, [scope for scope in registry.scopes if scope.endswith(":read")]
    )
    read_only = ask(reader, row, world.shared, anchor)
    assert read_only.status_code == (403 if row.writes else expected)


@ALL_ROWS
def test_head_matches_get_and_options_reveals_nothing(world, row):
    for person in (*PEOPLE, *REFUSED):
        path = row.path.format(**world.foreign)
        answer = world.clients[person].options(path)
        assert answer.status_code == (401 if person in REFUSED else 204)
        assert not any(word in answer.content.decode() for word in CANARIES.values())
        if row.method == "GET":
            got, head = (
                getattr(world.clients[person], verb)(path) for verb in ("get", "head")
            )
            assert head.status_code == got.status_code
            assert head.content == b""


@pytest.mark.parametrize("endpoint", sorted({endpoint for _m, endpoint in ROWS}))
def test_other_methods_are_refused(world, endpoint):
    path = path_of(endpoint).format(**world.shared)
    for method in METHODS:
        if (method, endpoint) not in ROWS:
            answer = world.clients["owner"].generic(method, path)
            assert answer.status_code == 405, (method, answer.content)
            assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("endpoint", COLLECTIONS)
def test_every_endpoint_of_a_list_filters_by_the_time_of_creation(world, endpoint):
    path = path_of(endpoint).format(**world.owns["administrator"])

    def found(**query: str) -> list[Any]:
        answer = world.clients["administrator"].get(path, {"page_size": 200} | query)
        assert answer.status_code == 200, answer.content
        return list(answer.json()["results"])

    rows = found()
    assert rows
    with CaptureQueriesContext(connection) as queries:
        assert found(created_from=FIRST, created_to=LAST) == rows
    assert_indexed(queries, COLLECTIONS[endpoint]._meta.db_table)
    assert found(created_from=LAST) == []
    for at in {row.get("created_at") or row.get("at") for row in rows} - {None}:
        same = [row for row in rows if (row.get("created_at") or row["at"]) == at]
        assert found(created_from=at, created_to=at) == same


FIRST, LAST = "1900-01-01T00:00:00Z", "2999-12-31T00:00:00Z"


def assert_indexed(queries: Any, table: str) -> None:
    """Assert that the statements with the bounds do not read the whole table."""
    bounded = [one["sql"] for one in queries if FIRST[:10] in one["sql"]]
    assert bounded
    if table not in SMALL:
        for sql in bounded:
            assert table not in scanned_tables(sql), sql


def scanned_tables(sql: str) -> set[str]:
    """Return the tables that the statement reads without an index, if it could."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}".replace("%", "%%"))
            steps = [row[-1].split() for row in cursor.fetchall()]
            return {step[1] for step in steps if step[0] == "SCAN" and len(step) == 2}
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}".replace("%", "%%"))
        (plan,) = cursor.fetchone()
        transaction.set_rollback(True)
    text = json.dumps(plan)
    return set(re.findall(r'"Seq Scan".*?"Relation Name": "(\w+)"', text))
