"""Assertions about problem responses of the API."""

from __future__ import annotations

from typing import Any


def assert_problem(response: Any, status: int, code: str, *fields: str) -> None:
    """Assert that the response is this problem, with errors of exactly these fields."""
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/problem+json")
    body = response.json()
    assert body["status"] == status
    assert body["code"] == code, body
    assert body["request_id"] == response["X-Request-ID"]
    assert {error["field"] for error in body["errors"]} == set(fields), body
