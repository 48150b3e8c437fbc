"""PostgreSQL stops or hangs, and comes back."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live.stack import Stack
from tests.live.waiting import wait_until

QUEUE = 60  # requests at once, for four workers


@pytest.fixture
def without_postgresql(stack: Stack):
    """A stack whose PostgreSQL an operator has stopped; afterwards it runs again."""
    stack.supervisor("stop", "postgresql")
    yield stack
    stack.supervisor("start", "postgresql")
    stack.wait_ready()


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/api/v1/todos", "application/problem+json"),
        ("POST", "/api/v1/todos", "application/problem+json"),
        ("GET", "/admin/", "text/html"),
    ],
)
def test_without_postgresql_responses_have_retry_after(
    without_postgresql: Stack, key: str, method, path, kind
):
    with without_postgresql.client(key=key) as client:
        begin = time.monotonic()
        # The owner of the session is in the database.
        client.cookies["sessionid"] = "z" * 32
        answer = client.request(method, path, json={"content": "Too early"})
        taken = time.monotonic() - begin

    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"].startswith(kind)
    assert taken < 2


def test_the_service_recovers_when_postgresql_returns(stack: Stack, key: str):
    stack.supervisor("stop", "postgresql")
    readiness = stack.readiness_when("unavailable")
    stack.supervisor("start", "postgresql")

    wait_for_recovery(stack, key)
    assert readiness["checks"]["database"] == "failed"


def wait_for_recovery(stack: Stack, key: str) -> None:
    """Wait until all workers answer: each pauses after an attempt that timed out."""
    wait_until(
        lambda: {status for status, _ in queue_up(stack, key)} == {200, 201},
        what="reads and writes succeed in all workers",
    )


def queue_up(stack: Stack, key: str) -> list[tuple[int, str]]:
    """Send many reads and writes at once; return each status and request ID."""

    def ask(number: int) -> tuple[int, str]:
        with stack.client(key=key) as client:
            if number % 2:
                # Without the header, an answer may be given again for a second.
                fresh = {"Cache-Control": "no-cache"}
                answer = client.get("/api/v1/todos", headers=fresh)
            else:
                answer = client.post("/api/v1/todos", json={"content": "x"})
            return answer.status_code, answer.headers["X-Request-ID"]

    with ThreadPoolExecutor(QUEUE) as pool:
        return list(pool.map(ask, range(QUEUE)))


def test_a_hanging_database_is_reported_and_the_service_recovers(
    stack: Stack, key: str
):
    stack.freeze("postgresql")
    try:
        with stack.client(key=key) as client:
            readiness = stack.readiness_when("unavailable")
            probed = time.monotonic()
            alive = client.get("/livez", timeout=5)
            refused = client.post("/api/v1/todos", json={"content": "x"}, timeout=25)
            answered = time.monotonic()
    finally:
        stack.thaw("postgresql")

    assert readiness["checks"]["database"] == "failed"
    assert alive.status_code == 200
    assert refused.status_code == 503
    assert refused.json()["code"] == "busy"
    assert answered - probed < 10
    stack.wait_ready()
    wait_for_recovery(stack, key)


def test_all_requests_in_the_queue_are_answered_while_the_database_hangs(
    stack: Stack, key: str
):
    stack.freeze("postgresql")
    try:
        answers = queue_up(stack, key)
    finally:
        stack.thaw("postgresql")
    stack.wait_ready()
    wait_for_recovery(stack, key)
    assert {status for status, _ in answers} == {503}
    ids = {request_id for _, request_id in answers}
    wait_until(lambda: len(seconds_of(stack, ids)) == QUEUE, what="all are logged")
    assert max(seconds_of(stack, ids)) < 10


def seconds_of(stack: Stack, ids: set[str]) -> list[float]:
    """Return how long requests took in nginx, in whose queue they wait."""
    whole, _, _ = stack.log("nginx").read_text().rpartition("\n")
    lines = (json.loads(line) for line in whole.splitlines() if line[0] == "{")
    return [line["seconds"] for line in lines if line["request_id"] in ids]
