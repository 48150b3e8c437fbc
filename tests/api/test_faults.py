"""Server errors are problems without details."""

from __future__ import annotations

import logging

import pytest

from tests.api.failing import SECRET
from tests.problems import assert_problem

pytestmark = pytest.mark.urls("tests.api.failing")


@pytest.mark.parametrize("how", ["bug", "render", "outside"])
def test_an_unforeseen_error_is_500_without_details(owner_api, caplog, how):
    owner_api.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        answer = owner_api.get(
            f"/api/v1/fail/{how}", headers={"X-Request-ID": "request-0001"}
        )
    assert_problem(answer, 500, "internal_error")
    assert SECRET not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    assert "request-0001" in {record.request_id for record in caplog.records}


def test_throttling_says_when_to_try_again(owner_api):
    answer = owner_api.get("/api/v1/fail/throttled")
    assert_problem(answer, 429, "throttled")
    assert answer["Retry-After"] == "2"


def test_a_locked_database_is_503_with_retry_after(owner_api):
    answer = owner_api.get("/api/v1/fail/locked")
    assert_problem(answer, 503, "busy")
    assert answer["Retry-After"] == "1"
    assert SECRET not in answer.content.decode()


def test_a_violated_constraint_is_409_without_details(owner_api):
    answer = owner_api.get("/api/v1/fail/raced")
    assert_problem(answer, 409, "conflict")
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize(
    ("how", "levels"),
    [
        ("bug", [logging.ERROR]),
        ("locked", [logging.WARNING]),
        ("raced", []),
        ("refused", []),
        ("throttled", []),
        ("watched", [logging.INFO]),
    ],
)
def test_an_error_is_logged_at_the_level_of_its_class(owner_api, caplog, how, levels):
    owner_api.raise_request_exception = False
    with caplog.at_level(logging.INFO, logger="core.api.exceptions"):
        owner_api.get(f"/api/v1/fail/{how}")
    logged = [one for one in caplog.records if one.name == "core.api.exceptions"]
    assert [record.levelno for record in logged] == levels
