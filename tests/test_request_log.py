"""The optional log line of each request, and timings for operators."""

from __future__ import annotations

import logging

import pytest

from tests.conftest import browser_for

TOKEN = "operator-token-of-these-tests"
LISTS = "/api/v1/lists"


@pytest.fixture
def logged(caplog):
    """Return a function that returns the records with a message."""
    caplog.set_level(logging.INFO)
    return lambda name: [r for r in caplog.records if r.message == name]


def test_a_request_is_logged_with_its_user_and_cost(settings, owner, owner_api, logged):
    settings.LOG_REQUESTS = True
    answer = owner_api.get(LISTS, {"search": "secret"})
    (line,) = logged("request")
    assert (line.method, line.path, line.route) == ("GET", LISTS, "api:lists")
    assert (line.status, line.user) == (answer.status_code, owner.pk)
    assert line.ms > line.db_ms > 0
    assert line.queries > 0
    assert "secret" not in str(line.__dict__.values())


def test_requests_are_not_logged_when_disabled(settings, owner_api, logged):
    settings.LOG_REQUESTS = False
    owner_api.get(LISTS)
    assert not logged("request")


def test_probes_are_logged_only_when_refused(settings, client, logged):
    settings.LOG_REQUESTS = True
    client.get("/livez")
    assert not logged("request")
    client.post("/livez")
    assert logged("request")[0].status == 405


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (60_000, 0), (0, 0)])
def test_a_slow_request_is_logged(settings, owner_api, logged, limit, count):
    settings.LOG_REQUESTS, settings.SLOW_REQUEST_MS = False, limit
    owner_api.get(LISTS)
    assert len(logged("slow request")) == count


def test_logging_a_request_does_not_load_the_user(
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
        logged = client.get(path).headers["Server-Timing"]
        assert logged.startswith("total;dur=")
        assert "db;dur=" in logged


@pytest.mark.parametrize("role", ["owner", "manager", "auditor"])
def test_other_roles_see_no_timings(request, role):
    browser = browser_for(request.getfixturevalue(role))
    answer = browser.get("/admin/")
    assert answer.status_code == 200
    assert "Server-Timing" not in answer.headers


def test_refused_requests_show_no_timings(administrator_api, todo):
    answer = administrator_api.get(f"/api/v1/todos/{todo.pk}")
    assert answer.status_code == 404
    assert "Server-Timing" not in answer.headers


def test_an_operator_sees_timings_without_an_account(settings, client):
    settings.OPERATOR_TOKEN = TOKEN
    for token, is_shown in ((TOKEN, True), ("wrong", False), ("", False)):
        answer = client.get("/livez", headers={"Authorization": f"Bearer {token}"})
        assert ("Server-Timing" in answer.headers) is is_shown
