"""Input that cannot be stored or understood is refused, wherever it is sent."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from django.db import connection

from tests.problems import assert_problem
from todos.models import Todo

TODOS = "/api/v1/todos"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def post(api, body, content_type=JSON):
    return api.generic("POST", TODOS, body, content_type=content_type)


def nested(depth):
    return '{"content": ' + "[" * depth + "]" * depth + "}"


@pytest.mark.parametrize(
    "body",
    [
        '{"content": "a\\u0000b"}',
        '{"content": "a\\ud800b"}',
        '{"a\\u0000": 1}',
        '{"content": "x", "labels": ["\\udfff"]}',
        '{"content": "x", "priority": NaN}',
        '{"content": "x", "priority": Infinity}',
        '{"content": "x", "priority": -Infinity}',
        '{"content": "x", "priority": 1e999}',
        '{"content": "x", "priority": 9223372036854775808}',
        '{"content": "x", "priority": ' + "9" * 10_000 + "}",
        '{"content": "x", "content": "y"}',
        '{"content": "x", "notes": {"a": 1, "a": 2}}',
        nested(16),
        nested(100_000),
        '{"content": "x"} trailing',
        "{'content': 'x'}",
        "\ufeff" + '{"content": "x"}',
        "   ",
    ],
)
def test_ambiguous_or_malformed_json_is_refused(owner_api, body):
    assert_problem(post(owner_api, body), 400, "parse_error")
    assert Todo.objects.count() == 0


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, "content=half"),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="content"\r\n\r\nhalf',
        ),
        (JSON, '{"content": "half'),
    ],
)
def test_a_body_that_ends_early_is_refused(
    owner_api, owner_browser, content_type, body
):
    """Servers pass on such a body when the connection breaks."""
    for client in (owner_api, owner_browser):
        sent = {
            "wsgi.input": BytesIO(body.encode()),
            "CONTENT_LENGTH": str(len(body) + 100),
        }
        answer = client.generic("POST", TODOS, body, content_type, **sent)
        assert_problem(answer, 400, "parse_error")
    assert not Todo.objects.exists()


@pytest.mark.parametrize("body", ["[]", '"text"', "17", "true", "null", '[{"a": 1}]'])
def test_a_body_that_is_not_an_object_is_refused(owner_api, body):
    assert_problem(post(owner_api, body), 400, "invalid", "")


@pytest.mark.parametrize("body", ["content=a%00b", "con%00tent=x"])
def test_a_form_with_a_null_character_is_refused(owner_api, body):
    assert_problem(post(owner_api, body, FORM), 400, "parse_error")


def test_a_multipart_form_with_a_null_character_is_refused(owner_api, owner_browser):
    body = (
        '--b\r\nContent-Disposition: form-data; name="content"\r\n\r\n'
        "a\x00b\r\n--b--\r\n"
    )
    for api in (owner_api, owner_browser):
        answer = post(api, body, "multipart/form-data; boundary=b")
        assert_problem(answer, 400, "parse_error")


def test_a_file_in_place_of_a_text_is_refused(owner_api):
    body = (
        '--b\r\nContent-Disposition: form-data; name="content"; filename="x.txt"\r\n'
        "Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
    )
    answer = post(owner_api, body, "multipart/form-data; boundary=b")
    assert_problem(answer, 400, "invalid", "content")
    assert answer.json()["errors"][0]["code"] == "wrong_type"


@pytest.mark.parametrize(
    "path", [f"{TODOS}?search=%00", f"{TODOS}?%00=x", f"{TODOS}/%00"]
)
def test_an_address_with_a_null_character_is_refused(owner_api, path):
    assert_problem(owner_api.get(f"/api/v1/{path}"), 400, "bad_request")


def test_a_header_with_a_null_character_is_refused(owner_api):
    answer = owner_api.get(TODOS, headers={"If-None-Match": "a\x00b"})
    assert_problem(answer, 400, "bad_request")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", 17),
        ("content", True),
        ("content", ["x"]),
        ("content", {"a": "x"}),
        ("content", None),
        ("notes", 17),
        ("priority", "1"),
        ("priority", True),
        ("priority", 1.0),
        ("priority", 4),
        ("priority", -1),
        ("priority", None),
        ("due_on", 20260301),
        ("due_on", "2026-02-30"),
        ("due_on", "20260301"),
        ("due_on", "2026-W09-7"),
        ("due_on", "0001-01-01"),
        ("due_on", "9999-12-31"),
        ("due_time", "25:00"),
        ("due_time", "12"),
        ("due_time", "12:00+02:00"),
        ("due_time", 12),
        ("due_zone", "Mars/Olympus"),
        ("due_zone", "../../etc/passwd"),
        ("labels", "x"),
        ("labels", [17]),
        ("labels", [None]),
        ("labels", [["x"]]),
        ("labels", {"a": 1}),
        ("labels", ["x"]),
        ("list", 17),
        ("list", "x"),
        ("list", []),
        ("parent", 17),
        ("assignee", {"id": "x"}),
        ("id", 17),
        ("id", "17"),
        ("id", None),
        ("uid", 17),
        ("rank", "a0"),
        ("version", 1),
        ("is_finished", True),
        ("created_at", "2026-03-01T12:00:00Z"),
        ("nonsense", 1),
    ],
    ids=repr,
)
def test_a_value_of_another_type_is_refused(owner_api, field, value):
    body = {"content": "x", "due_on": "2026-03-01"} | {field: value}
    answer = post(owner_api, json.dumps(body))
    assert answer.status_code == 400, answer.content
    named = {error["field"].partition(".")[0] for error in answer.json()["errors"]}
    assert named == {field}
    assert Todo.objects.count() == 0


def test_too_many_labels_are_refused_before_a_query(
    owner_api, todo, django_assert_max_num_queries
):
    ids = ["01997f3a-6c2e-7d41-9a53-1f0c8e5b7a10"] * 101
    with django_assert_max_num_queries(10):
        answer = owner_api.patch(f"{TODOS}/{todo.pk}", {"labels": ids})
    assert_problem(answer, 400, "invalid", "labels")


def test_texts_beyond_the_limit_are_refused(owner_api):
    fits = {"content": "好" * 500, "notes": "x" * 20_000}
    assert post(owner_api, json.dumps(fits)).status_code == 201
    for field, value in (
        ("content", "x" * 501),
        ("content", "😀" * 376),  # 376 characters are 1,504 bytes
        ("notes", "x" * 20_001),
        ("uid", "x" * 256),
    ):
        answer = post(owner_api, json.dumps({"content": "x"} | {field: value}))
        assert_problem(answer, 400, "invalid", field)


def test_the_longest_allowed_text_is_saved_quickly(owner_api, on_postgresql):
    if on_postgresql:  # where pairs of characters are indexed
        with connection.cursor() as cursor:
            # Ten times the longest text: with quadratic growth this would take minutes.
            cursor.execute("SET LOCAL statement_timeout = '10s'")
            cursor.execute("SELECT todos_pairs(repeat('好学习天', 50000))")
    body = {"content": "x", "notes": "好学习天" * 5000}
    assert post(owner_api, json.dumps(body)).status_code == 201
    found = owner_api.get(f"{TODOS}?search=习天好").json()["results"]
    assert len(found) == 1


@pytest.mark.parametrize(
    "parameters",
    ["nonsense=1", "state=open&state=open", "Page=1", "page_size=1&page_size=2"],
)
def test_unknown_and_repeated_parameters_are_refused(owner_api, parameters):
    name = parameters.partition("=")[0]
    assert_problem(owner_api.get(f"{TODOS}?{parameters}"), 400, "invalid", name)


def test_only_collections_accept_parameters(owner_api, todo):
    for address in (f"{TODOS}/{todo.pk}", "/api/v1/me"):
        answer = owner_api.get(f"{address}?page=1")
        assert_problem(answer, 400, "invalid", "page")
    answer = owner_api.put(f"{TODOS}/{todo.pk}/finish?page=1")
    assert_problem(answer, 400, "invalid", "page")


def test_actions_without_a_body_refuse_fields(owner_api, todo):
    answer = owner_api.put(f"{TODOS}/{todo.pk}/finish", {"is_finished": True})
    assert_problem(answer, 400, "invalid", "is_finished")
    assert not Todo.objects.get().is_finished
    assert owner_api.put(f"{TODOS}/{todo.pk}/finish", {}).status_code == 200
