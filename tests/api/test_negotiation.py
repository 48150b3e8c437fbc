"""Accept decides only about responses with a body; refusals are always problems."""

from __future__ import annotations

import pytest

from core.models import Event
from tests.problems import assert_problem
from todos.models import Todo

TODOS = "/api/v1/todos"
UNAVAILABLE = ["application/problem+json", "text/csv", "application/json;q=0", ";;;"]
AVAILABLE = [
    "",
    "*/*",
    "application/*;q=0.1",
    "application/json;q=0.001",
    "application/json; charset=utf-8",
    "text/csv, application/json;q=0.5",
    "application/json;q=0, */*",
]


@pytest.mark.parametrize("accepted", UNAVAILABLE)
def test_a_response_without_a_body_needs_no_accepted_type(owner_api, todo, accepted):
    tag = owner_api.get(f"{TODOS}/{todo.pk}")["ETag"]
    headers = {"Accept": accepted}
    for path in (TODOS, f"{TODOS}/{todo.pk}"):
        tag = owner_api.get(path)["ETag"]
        known = owner_api.get(path, headers=headers | {"If-None-Match": tag})
        assert known.status_code == 304
    assert owner_api.options(TODOS, headers=headers).status_code == 204
    answer = owner_api.delete(f"{TODOS}/{todo.pk}", headers=headers)
    assert answer.status_code == 204
    assert not Todo.objects.filter(pk=todo.pk).exists()


@pytest.mark.parametrize("accepted", UNAVAILABLE)
def test_a_refusal_is_a_problem_whatever_is_accepted(
    client, owner_api, outsider_api, todo, accepted
):
    headers = {"Accept": accepted}
    row = f"{TODOS}/{todo.pk}"
    assert_problem(client.delete(row, headers=headers), 401, "not_authenticated")
    assert_problem(outsider_api.get(row, headers=headers), 404, "not_found")
    assert_problem(outsider_api.delete(row, headers=headers), 404, "not_found")
    answer = owner_api.get(f"{TODOS}?state=odd", headers=headers)
    assert_problem(answer, 400, "invalid", "state")
    answer = owner_api.post(row, headers=headers)
    assert_problem(answer, 405, "method_not_allowed")
    stale = owner_api.delete(row, headers=headers | {"If-Match": '"9"'})
    assert_problem(stale, 412, "version_mismatch")


@pytest.mark.parametrize("accepted", UNAVAILABLE)
def test_a_body_in_no_accepted_type_is_refused_without_an_effect(
    owner_api, todo, accepted
):
    headers, events = {"Accept": accepted}, Event.objects.count()
    row = f"{TODOS}/{todo.pk}"
    for answer in (
        owner_api.get(TODOS, headers=headers),
        owner_api.get(row, headers=headers),
        owner_api.post(TODOS, {"content": "x"}, headers=headers),
        owner_api.patch(row, {"content": "x"}, headers=headers),
        owner_api.put(f"{row}/finish", headers=headers),
    ):
        assert_problem(answer, 406, "not_acceptable")
    assert owner_api.head(row, headers=headers).status_code == 406
    assert Event.objects.count() == events


@pytest.mark.parametrize("accepted", AVAILABLE)
def test_an_accepted_type_is_found_in_any_form_of_the_header(owner_api, accepted):
    answer = owner_api.get(TODOS, headers={"Accept": accepted})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("format_", ["json", "xml"])
def test_no_parameter_overrides_the_header(owner_api, format_):
    answer = owner_api.get(TODOS, {"format": format_})
    assert_problem(answer, 400, "invalid", "format")
