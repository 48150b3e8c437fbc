"""Different WSGI servers, and workers that are added and removed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event

import psutil
import psycopg
import pytest

from tests.live import smoke
from tests.live.stack import Client, Stack
from tests.live.waiting import wait_until

PROGRAM = """
[program:gunicorn]
command=%(ENV_APP)s/deploy/start %(ENV_DATA_DIR)s/run/gunicorn.mark \
%(ENV_APP)s/.venv/bin/gunicorn --config %(ENV_APP)s/deploy/gunicorn.conf.py
environment=INSTANCE="gunicorn",WEB_PROCESSES="1",WORKER_CLASS="{worker_class}"
directory=%(ENV_DATA_DIR)s
user=%(ENV_RUN_USER)s
stopwaitsecs=40
redirect_stderr=true
stdout_logfile=%(ENV_DATA_DIR)s/log/gunicorn.log
"""


@contextmanager
def gunicorn(stack: Stack, worker_class: str) -> Iterator[None]:
    """Let one worker of gunicorn answer all, set up as an operator would do it."""
    program = stack.config / "supervisor" / "gunicorn.conf"
    site, run = stack.config / "site", stack.data / "run"
    sockets = {
        site / "upstream.conf": run / "web-gunicorn.sock",
        site / "upstream_api.conf": run / "web-gunicorn.api.sock",
    }
    usual = {path: path.read_text() for path in sockets}
    program.write_text(PROGRAM.format(worker_class=worker_class))
    try:
        stack.supervisor("update", "gunicorn")
        for upstream, socket in sockets.items():
            wait_until(socket.is_socket, what="gunicorn has opened its socket")
            upstream.write_text(f"server unix:{socket};\n")
        reload_nginx(stack)
        stack.supervisor("stop", "web:*")
        yield
    finally:
        stack.supervisor("start", "web:*")
        for upstream, text in usual.items():
            upstream.write_text(text)
        reload_nginx(stack)
        program.unlink()
        stack.supervisor("update", "gunicorn")


def reload_nginx(stack: Stack) -> None:
    """Return when only workers are left that read the new configuration."""
    master = psutil.Process(stack.pid("nginx"))
    old = master.children()
    master.send_signal(signal.SIGHUP)
    wait_until(
        lambda: master.children() and not any(each.is_running() for each in old),
        what="nginx has renewed its workers",
    )


def test_uwsgi_serves_the_service_behind_nginx(stack: Stack, key: str):
    with stack.client(key=key) as client:
        smoke.check(client, stack.url)


@pytest.mark.parametrize(
    ("worker_class", "shares"), [("sync", False), ("gthread", True), ("gevent", True)]
)
def test_gunicorn_serves_the_service_behind_nginx(
    stack: Stack, key, worker_class, shares
):
    with gunicorn(stack, worker_class), stack.client(key=key) as client:
        smoke.check(client, stack.url)
        assert answers_others_while_one_waits(stack, client) is shares


def answers_others_while_one_waits(stack: Stack, client: Client) -> bool:
    with ThreadPoolExecutor() as pool, held_todos(stack) as is_waiting:
        waiting = pool.submit(client.post, smoke.TODOS, json={"content": "Late"})
        wait_until(is_waiting, what="the request waits for the lock")
        other = pool.submit(client.get, smoke.TODOS)
        return waiting not in wait([waiting, other], return_when=FIRST_COMPLETED).done


def test_workers_are_added_and_removed_without_a_failed_request(stack: Stack, key: str):
    def workers() -> int:
        return len(stack.processes("web:web-0")) - 1

    usual = workers()
    with asking(stack, key) as answered:
        for command, count in (("+", usual + 1), ("+", usual + 2), ("--", usual)):
            steer(stack, command)
            wait_until(
                lambda wanted=count: workers() == wanted,  # type: ignore[misc]
                what=f"{count} workers",
            )
            before = answered()
            wait_until(lambda: answered() > before + 20, what="answers")  # noqa: B023


def steer(stack: Stack, command: str) -> None:
    """Write to the master's fifo; raise an error if no process reads it."""
    path = stack.data / "run" / "web-0.fifo"
    fifo = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.write(fifo, command.encode())
    os.close(fifo)


@contextmanager
def asking(stack: Stack, key: str) -> Iterator[Callable[[], int]]:
    """Read and write as long as the block lasts; then see that nothing failed."""
    statuses: list[int] = []
    enough = Event()

    def ask() -> None:
        with stack.client(key=key) as client:
            while not enough.is_set():
                made = client.post(smoke.TODOS, json={"content": "Once more"})
                statuses.append(made.status_code)
                statuses.append(client.get(smoke.TODOS).status_code)

    with ThreadPoolExecutor() as pool:
        people = [pool.submit(ask) for _ in range(3)]
        try:
            yield lambda: len(statuses)
        finally:
            enough.set()
        for person in people:
            person.result()
    assert set(statuses) == {201, 200}


def test_a_request_in_flight_is_answered_when_term_comes(stack: Stack, key: str):
    servers = [stack.pid(name) for name in ("web:web-0", "web:web-1")]
    with ThreadPoolExecutor() as pool, stack.client(key=key) as client:
        with held_todos(stack) as is_waiting:
            made = pool.submit(client.post, smoke.TODOS, json={"content": "Late"})
            wait_until(is_waiting, what="the request waits for the lock")
            for server in servers:
                os.kill(server, signal.SIGTERM)
        assert made.result().status_code == 201


@contextmanager
def held_todos(stack: Stack) -> Iterator[Callable[[], bool]]:
    """Block all writes of todos; yield a function that returns whether any waits."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(
        host=str(stack.places.postgresql), user="todo", dbname="todo"
    ) as connection:
        connection.execute("LOCK TABLE todos_todo IN SHARE MODE")
        yield lambda: bool(stack.sql(waiting)[0][0])
