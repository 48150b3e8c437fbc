"""A line for each request where that is wanted, and timings for who operates it."""

from __future__ import annotations

import logging

import pytest

from tests.conftest import browser_for

TOKEN = "operator-token-of-these-tests"
LISTS = "/api/v1/lists"


@pytest.fixture
def told(caplog):
    """Return the lines of this name that were logged so far."""
    caplog.set_level(logging.INFO)
    return lambda name: [r for r in caplog.records if r.message == name]


def test_a_request_is_told_with_who_asked_and_what_it_cost(
    settings, owner, owner_api, told
):
    settings.LOG_REQUESTS = True
    answer = owner_api.get(LISTS, {"search": "secret"})
    (line,) = told("request")
    assert (line.method, line.path, line.route) == ("GET", LISTS, "api:lists")
    assert (line.status, line.user) == (answer.status_code, owner.pk)
    assert line.ms > line.db_ms > 0
    assert line.queries > 0
    assert "secret" not in str(line.__dict__.values())


def test_where_nginx_tells_of_requests_they_are_not_told_twice(
    settings, owner_api, told
):
    settings.LOG_REQUESTS = False
    owner_api.get(LISTS)
    assert not told("request")


def test_probes_are_told_only_when_they_are_refused(settings, client, told):
    settings.LOG_REQUESTS = True
    client.get("/livez")
    assert not told("request")
    client.post("/livez")
    assert told("request")[0].status == 405


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (60_000, 0), (0, 0)])
def test_a_slow_request_is_told(settings, owner_api, told, limit, count):
    settings.LOG_REQUESTS, settings.SLOW_REQUEST_MS = False, limit
    owner_api.get(LISTS)
    assert len(told("slow request")) == count


def test_nobody_is_looked_up_only_to_be_told_of(
    settings, owner_browser, django_assert_num_queries
):
    settings.LOG_REQUESTS = True
    with django_assert_num_queries(0):
        assert owner_browser.get("/api/v1/nowhere").status_code == 404


def test_administrators_see_timings_in_pages_and_api(administrator, administrator_api):
    for client, path in (
        (administrator_api, LISTS),
        (browser_for(administrator), "/admin/"),
    ):
        told = client.get(path).headers["Server-Timing"]
        assert told.startswith("total;dur=")
        assert "db;dur=" in told


@pytest.mark.parametrize("role", ["owner", "manager", "auditor"])
def test_nobody_else_sees_timings(request, role):
    browser = browser_for(request.getfixturevalue(role))
    answer = browser.get("/admin/")
    assert answer.status_code == 200
    assert "Server-Timing" not in answer.headers


def test_who_was_refused_does_not_see_how_long_that_took(administrator_api, todo):
    answer = administrator_api.get(f"/api/v1/todos/{todo.pk}")
    assert answer.status_code == 404
    assert "Server-Timing" not in answer.headers


def test_the_operator_sees_timings_without_being_a_person(settings, client):
    settings.OPERATOR_TOKEN = TOKEN
    for token, is_told in ((TOKEN, True), ("wrong", False), ("", False)):
        answer = client.get("/livez", headers={"Authorization": f"Bearer {token}"})
        assert ("Server-Timing" in answer.headers) is is_told
