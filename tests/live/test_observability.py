"""Request ids in all logs, slow queries with plans, metrics of all processes."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.live.stack import Stack
from tests.live.waiting import wait_until

WORD = "rumpelstiltskin"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND now() - query_start > interval '300 ms'
"""


@pytest.fixture(scope="module")
def administrator_key(started_stack: Stack) -> str:
    started_stack.add_user("ada", "correct horse battery staple", "administrator")
    return started_stack.new_key("ada")


@pytest.fixture
def _nothing_planned(stack: Stack) -> None:
    """Begin with app servers that have not made the plans of this minute yet."""
    stack.supervisor("restart", "web:*")
    stack.wait_ready()


def entries_of(path: Path, word: str) -> list[dict[str, Any]]:
    """Return the log lines with this word; the last line may be incomplete."""
    whole, _, _ = path.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if word in line]


def logged_by_web(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    paths = [stack.log(name) for name in ("web-0", "web-1")]
    return [entry for path in paths for entry in entries_of(path, request_id)]


@pytest.mark.usefixtures("_nothing_planned")
def test_one_request_id_is_in_every_log_with_the_plan_of_slow_queries(
    stack: Stack, key: str
):
    search = {"search": WORD}
    with (
        psycopg.connect(host=str(stack.places.postgresql), user="todo") as holder,
        stack.client(key=key) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        holder.execute("LOCK TABLE todos_todo IN ACCESS EXCLUSIVE MODE")
        answer = pool.submit(client.get, "/api/v1/todos", params=search)
        wait_until(lambda: stack.sql(WAITING)[0][0], what="it waits")
        holder.rollback()
    request_id = answer.result().headers["X-Request-ID"]
    assert answer.result().status_code == 200

    def slow_queries() -> list[dict[str, Any]]:
        logged = logged_by_web(stack, request_id)
        slow = [entry for entry in logged if entry["message"] == "slow query"]
        return [entry for entry in slow if '"todos_todo"' in entry["sql"]]

    slow = wait_until(slow_queries, what="Django's log tells of it")
    assert slow[0]["ms"] >= 300
    assert "(cost=" in slow[0]["plan"]

    (passed,) = wait_until(
        lambda: entries_of(stack.log("nginx"), request_id), what="nginx's"
    )
    assert passed["path"] == "/api/v1/todos"
    # PostgreSQL's own log quotes statements that waited.
    logs = set((stack.data / "log").glob("*.log")) - {stack.log("postgresql")}
    assert not [log.name for log in logs if WORD in log.read_text()]


def test_a_refusal_has_the_request_id_of_nginx(stack: Stack):
    forged = {"X-Request-ID": "forged-by-the-client"}
    with stack.client() as client:
        answer = client.get("/api/v1/todos", headers=forged)
    request_id = answer.headers["X-Request-ID"]
    assert answer.json()["request_id"] == request_id != forged["X-Request-ID"]
    assert wait_until(
        lambda: entries_of(stack.log("nginx"), request_id), what="nginx's"
    )


def test_metrics_require_the_operator_token(stack: Stack, administrator_key: str):
    for key in (None, "wrong", administrator_key):
        with stack.client(key=key) as client:
            assert client.get("/metrics").status_code == 401


def test_one_scrape_covers_all_instances_across_kills_and_reloads(stack: Stack):
    label = ("GET", "api:labels", "401")

    def counted() -> float:
        return stack.metrics()["todo_requests_total"].get(label, 0)

    def knock(_: int) -> int:
        with stack.client() as client:
            return int(client.get("/api/v1/labels").status_code)

    before = counted()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(knock, range(60))) == {401}
    assert counted() == before + 60

    _master, worker, *_others = stack.processes("web:web-0")
    os.kill(worker.pid, signal.SIGKILL)
    stack.supervisor("restart", "web:web-1")
    stack.wait_ready()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(knock, range(20))) == {401}
    read = stack.metrics()
    assert read["todo_requests_total"][label] == before + 80
    assert read["todo_requests_in_flight"][("GET",)] == 1  # this very one
    asked = entries_of(stack.log("nginx"), "/api/v1/labels")
    assert len({entry["upstream"] for entry in asked}) == 2


def test_metrics_cover_every_part(stack: Stack, key: str):
    with stack.client(key=key) as client:
        client.get("/api/v1/todos")
        client.get("/admin/", cookies={"sessionid": "x" * 32})  # looked up in the cache
    read = stack.metrics()
    assert read["todo_tasks_total"]["success", "core.tasks.worker_heartbeat"] >= 1
    assert read["todo_heartbeat_age_seconds"]["worker",] < 40
    assert read["todo_heartbeat_age_seconds"]["beat",] < 40
    assert read["todo_queue_depth"][()] >= 0
    assert read["todo_cache_reads_total"]["miss",] >= 1
    assert read["todo_database_statements_total"]["api:todos",] > 0
    assert read["todo_database_seconds_total"]["api:todos",] > 0


def test_metrics_show_parts_that_are_down(stack: Stack):
    stack.supervisor("stop", "redis", "postgresql")
    try:
        read = stack.metrics()
    finally:
        stack.supervisor("start", "redis", "postgresql")
    assert read["todo_database_up"] == {(): 0}
    assert "todo_queue_depth" not in read
    assert read["todo_requests_total"]


def test_only_administrators_see_timings(
    stack: Stack, key: str, administrator_key: str
):
    def timings(key: str | None) -> str | None:
        with stack.client(key=key) as client:
            answer = client.get("/api/v1/todos")
        timing: str | None = answer.headers.get("Server-Timing")
        return timing

    assert timings(None) is timings(key) is None
    timing = timings(administrator_key)
    assert timing is not None
    assert timing.startswith("total;dur=")
    assert "queries" in timing
