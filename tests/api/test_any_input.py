"""No input of any kind causes a server error."""

from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.models import Event

TODOS = "/api/v1/todos"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
bounded = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def post(api, body, content_type=JSON):
    return api.generic("POST", TODOS, body, content_type=content_type)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(), max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = [
    "content", "notes", "priority", "due_on", "due_time", "due_zone", "starts_on",
    "labels", "list", "parent", "assignee", "id", "uid", "x",
]  # fmt: skip


@bounded
@given(body=st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=4))
@example(body={"content": "\ud800"})
@example(body={"content": "x", "uid": "\x00"})
@example(body={"content": "x", "due_on": "٢٠٢٦-٠٣-٠١"})
def test_no_json_causes_a_server_error(owner_api, body):
    before = Event.objects.count()
    answer = post(owner_api, json.dumps(body))
    assert answer.status_code in {201, 400}, answer.content
    assert (Event.objects.count() == before) == (answer.status_code == 400)


@bounded
@given(body=st.binary(max_size=60))
def test_no_bytes_cause_a_server_error(owner_api, body):
    for content_type in (JSON, FORM, "multipart/form-data; boundary=b"):
        answer = owner_api.generic("POST", TODOS, body, content_type=content_type)
        assert answer.status_code in {201, 400}


PARAMETERS = [
    "list", "state", "label", "assignee", "priority", "parent", "due_from", "due_to",
    "created_from", "created_to", "overdue_at", "search", "cursor", "page",
    "page_size", "ordering", "count",
]  # fmt: skip


@bounded
@given(
    query=st.dictionaries(
        st.sampled_from(PARAMETERS),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
        max_size=3,
    )
)
@example(query={"page": "0000000000000000001999999999999"})
@example(query={"page": "9" * 5000})
@example(query={"page_size": "²"})
@example(query={"overdue_at": "9999-12-31T23:59:59-23:59"})
@example(query={"created_from": "0001-01-01T00:00:00+23:59"})
@example(query={"due_from": "2026-02-30"})
@example(query={"cursor": "a:b:c"})
@example(query={"search": "%"})
def test_no_query_causes_a_server_error(owner_api, query):
    text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    answer = owner_api.get(f"{TODOS}?{text}")
    assert answer.status_code in {200, 400}, answer.content
    if answer.status_code == 400 and answer.json()["code"] != "bad_request":
        assert {error["field"] for error in answer.json()["errors"]} <= set(query)


@bounded
@given(path=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_no_address_causes_a_server_error(owner_api, path):
    answer = owner_api.get(f"/api/v1/{quote(path)}")
    assert answer.status_code in {200, 308, 400, 403, 404}


@bounded
@given(
    name=st.sampled_from(
        ["If-Match", "If-None-Match", "Accept", "Accept-Language", "Content-Type",
         "X-Request-ID", "Idempotency-Key", "Authorization", "Origin", "Range"]
    ),
    value=st.text(
        st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40
    ),
)  # fmt: skip
def test_no_header_causes_a_server_error(owner_api, todo, name, value):
    for method in ("get", "patch"):
        answer = getattr(owner_api, method)(f"{TODOS}/{todo.pk}", headers={name: value})
        assert answer.status_code < 500
