"""An unknown parameter or field is refused with the names that are known."""

from __future__ import annotations

import pytest

from core.api.serializers import MAX_UNKNOWN
from tests.conftest import api_for, browser_for
from tests.problems import assert_problem

TODOS = "/api/v1/todos"


def detail_of(answer, field):
    assert_problem(answer, 400, "invalid", field)
    (error,) = answer.json()["errors"]
    return error["detail"]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("per_page", "page_size"),
        ("limit", "page_size"),
        ("page_sise", "page_size"),
        ("sort", "ordering"),
        ("q", "search"),
        ("Assignee", "assignee"),
    ],
)
def test_a_parameter_that_was_probably_meant_is_named(owner_api, given, meant):
    answer = owner_api.get(TODOS, {given: "1"})
    assert f"Did you mean {meant}?" in detail_of(answer, given)


def test_otherwise_all_known_parameters_are_named(owner_api):
    detail = detail_of(owner_api.get(TODOS, {"zzz": "1"}), "zzz")
    assert "Valid names: " in detail
    assert all(name in detail for name in ("page_size", "state", "search", "cursor"))


def test_where_no_parameter_is_known_none_is_named(owner_api, todo):
    answer = owner_api.get(f"{TODOS}/{todo.pk}", {"page": "1"})
    assert detail_of(answer, "page") == "This parameter is not known."


@pytest.mark.parametrize(
    ("given", "meant"),
    [("titel", ""), ("title", "content"), ("contents", "content"), ("due", "due_on")],
)
def test_a_field_that_was_probably_meant_is_named(owner_api, given, meant):
    detail = detail_of(owner_api.post(TODOS, {"content": "x", given: "1"}), given)
    assert (f"Did you mean {meant}?" if meant else "Valid names: ") in detail


def test_a_refusal_names_only_some_of_many_unknown_fields(owner_api):
    fields = {f"{number:06}": 1 for number in range(50_000)}
    answer = owner_api.post(TODOS, fields, format="json")
    assert_problem(answer, 400, "invalid", *list(fields)[:MAX_UNKNOWN])


@pytest.mark.parametrize(
    "page",
    ["/admin/", "/admin/todos/todo/", "/admin/todos/todolist/", "/admin/todos/label/"],
)
def test_a_page_ignores_unknown_parameters(owner, todo, page):
    browser = browser_for(owner)
    plain = browser.get(page)
    tagged = browser.get(page, {"utm_source": "mail", "list__name__startswith": "G"})
    assert (plain.status_code, tagged.status_code) == (200, 200)
    assert ("Plant a tree" in tagged.text) == ("Plant a tree" in plain.text)


def test_a_missing_scope_is_named(owner, todo):
    api = api_for(owner, ["todos:read"])
    answer = api.patch(f"{TODOS}/{todo.pk}", {"notes": "x"})
    assert_problem(answer, 403, "scope_missing")
    assert "todos:write" in answer.json()["detail"]


@pytest.mark.parametrize("day", ["2027-02-30", "2026-13-01", "0000-01-01"])
def test_a_day_that_is_not_in_the_calendar_is_not_a_wrong_format(owner_api, day):
    answers = {
        "due_on": owner_api.post(TODOS, {"content": "x", "due_on": day}),
        "due_from": owner_api.get(TODOS, {"due_from": day}),
        "overdue_at": owner_api.get(TODOS, {"overdue_at": f"{day}T10:00:00Z"}),
    }
    for field, answer in answers.items():
        assert detail_of(answer, field) == "This date does not exist."
        assert answer.json()["errors"][0]["code"] == "no_such_day"
    wrong = owner_api.post(TODOS, {"content": "x", "due_on": "30.2.2027"})
    assert "format" in detail_of(wrong, "due_on")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/admin", "/admin/"),
        ("/api", "/api/v1/docs"),
        ("/api/", "/api/v1/docs"),
        ("/api/v1", "/api/v1/docs"),
        ("/api/v1/", "/api/v1/docs"),
        ("/api/v1/todos/", "/api/v1/todos"),
        ("/api/v1/todos/?state=open", "/api/v1/todos?state=open"),
        ("/api/v1/me/", "/api/v1/me"),
    ],
)
def test_a_wrong_slash_is_redirected(owner_api, path, place):
    for send in (owner_api.get, owner_api.post):
        answer = send(path)
        assert (answer.status_code, answer["Location"]) == (308, place)


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v2/", "/apis", "/api//"])
def test_an_unknown_address_is_still_not_found(owner_api, path):
    assert owner_api.get(path).status_code == 404
