"""The worker runs tasks, and logs and records them under the id of a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psutil
import psycopg
import pytest
from celery import Celery

from tests.live.stack import Stack
from tests.live.ticks import nobody_empties_the_trash
from tests.live.waiting import wait_until

TASK = "todos.tasks.empty_trash"
AGE = "UPDATE todos_todo SET deleted_at = now() - interval '400 days' WHERE id = %s"
SHOW = "SELECT count(*) FROM todos_todo WHERE id = %s"


@pytest.fixture
def broker(stack: Stack) -> Iterator[Celery]:
    with Celery(broker=stack.env["BROKER_URL"], set_as_current=False) as app:
        yield app


@pytest.fixture
def old_trash(stack: Stack, key: str) -> Iterator[str]:
    """The id of a todo that is due to be purged, while beat is stopped."""
    with stack.client(key=key) as client:
        made = client.post("/api/v1/todos", json={"content": "To be forgotten"}).json()
        assert client.delete(f"/api/v1/todos/{made['id']}").ok
    with nobody_empties_the_trash(stack):
        stack.sql(AGE, made["id"])
        # As on a new installation, where an interval task is due at once.
        stack.sql("DELETE FROM core_taskschedule WHERE name = %s", TASK)
        yield str(made["id"])


def empty_trash(broker: Celery, **headers: str) -> Any:
    return broker.send_task(TASK, headers=headers, retry=False)


def test_the_worker_empties_the_trash_and_logs_one_request_id(
    stack: Stack, broker: Celery, old_trash: str
):
    empty_trash(broker, request_id="request-of-the-trash")

    wait_until(lambda: stack.sql(SHOW, old_trash) == [(0,)], what="it is gone")
    rows = stack.sql(
        "SELECT source, request_id FROM core_event"
        " WHERE verb = 'todo.purged' AND resource_id = %s",
        old_trash,
    )
    assert rows == [("system", "request-of-the-trash")]
    wait_until(
        lambda: "request-of-the-trash" in stack.log("worker").read_text(),
        what="it is in the log",
    )


def test_a_worker_that_is_stopped_finishes_its_task(
    stack: Stack, broker: Celery, old_trash: str
):
    worker = psutil.Process(stack.pid("worker"))
    host = str(stack.places.postgresql)
    with psycopg.connect(host=host, user="todo", dbname="todo") as holder:
        holder.execute(
            "SELECT 1 FROM todos_todolist WHERE id ="
            " (SELECT list_id FROM todos_todo WHERE id = %s) FOR UPDATE",
            [old_trash],
        )
        empty_trash(broker)
        wait_until(lambda: is_waiting(stack), what="the task waits")
        worker.terminate()
        assert stack.sql(SHOW, old_trash) == [(1,)]
    worker.wait(60)

    assert stack.sql(SHOW, old_trash) == [(0,)]


def is_waiting(stack: Stack) -> bool:
    query = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    return bool(stack.sql(query))


def test_of_several_ticks_one_runs_a_task(stack: Stack, broker: Celery, old_trash: str):
    before = ticks_done(stack)
    for _ in range(5):
        empty_trash(broker)

    wait_until(lambda: ticks_done(stack) >= before + 5, what="all were received")
    assert stack.sql(SHOW, old_trash) == [(0,)]
    rows = stack.sql(
        "SELECT count(*) FROM core_event"
        " WHERE verb = 'todo.purged' AND resource_id = %s",
        old_trash,
    )
    assert rows == [(1,)]


def ticks_done(stack: Stack) -> float:
    done = stack.metrics().get("todo_tasks_total", {})
    return done.get(("success", TASK), 0)
