"""A thousand clients at once: what others notice, and what is left when they leave."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.checkout import REPOSITORY
from tests.live.load import start
from tests.live.smoke import TODOS
from tests.live.stack import Client, Stack
from tests.live.stack.places import run
from tests.live.test_servers import held_todos
from tests.live.waiting import wait_until

CLIENTS = 1000
SCRIPT = Path(__file__).with_name("statuses.lua")
PASSWORD = "correct horse battery staple"
UNCACHED = {"Cache-Control": "no-cache"}
SIGN_IN, TABLE = "/admin/login/", "/admin/todos/todo/"


class Flood:
    """Clients that ask without a pause, until the block ends."""

    def __init__(self, wrk: subprocess.Popen[bytes]) -> None:
        self.wrk = wrk
        self.statuses: dict[str, int] = {}

    def leave(self) -> None:
        """Let all clients close their connections, whatever they wait for."""
        if not self.statuses:
            self.wrk.send_signal(signal.SIGINT)  # then it prints its results
            _output, errors = self.wrk.communicate(timeout=60)
            self.statuses = json.loads(errors.splitlines()[-1])


@contextmanager
def flood_of(
    stack: Stack, path: str, headers: dict[str, str], *body: str
) -> Iterator[Flood]:
    command = [
        "wrk", "--threads=1", f"--connections={CLIENTS}", "--duration=600s",
        "--timeout=35s", f"--script={SCRIPT}",
        *(f"--header={name}: {value}" for name, value in headers.items()),
        stack.url + path, "--", *body,
    ]  # fmt: skip
    with start(command) as wrk:
        flood = Flood(wrk)
        try:
            yield flood
        finally:
            flood.leave()


def computed(stack: Stack, route: str) -> float:
    """Return how many requests of the route were computed, by all app servers."""
    counts = stack.metrics()["todo_requests_total"]
    return sum(count for labels, count in counts.items() if route in labels)


def left_out(stack: Stack, reason: str) -> float:
    counts = stack.metrics().get("todo_requests_left_out_total", {})
    return sum(count for labels, count in counts.items() if reason in labels)


def wait_for_queue(stack: Stack) -> None:
    """Wait until most clients wait: each with a connection to nginx and one from it."""

    def connections() -> int:
        return sum(process.num_fds() for process in stack.processes("nginx"))

    wait_until(lambda: connections() > 1.6 * CLIENTS, what="most clients wait")


def answered(stack: Stack, status: int) -> int:
    """Return how many requests of floods nginx has answered with it by now."""
    lines = stack.log("nginx").read_text().splitlines()
    marks = ('"agent":"peak"', f'"status":{status},')
    return sum(all(mark in line for mark in marks) for line in lines)


def sign_in(client: Client) -> None:
    page = client.get(SIGN_IN)
    (token,) = re.findall(r'csrfmiddlewaretoken" value="([^"]+)', page.text)[:1]
    form = {"csrfmiddlewaretoken": token, "username": "olga", "password": PASSWORD}
    answer = client.post(SIGN_IN, data=form, headers={"Referer": client.url + SIGN_IN})
    assert (page.status_code, answer.status_code) == (200, 200)
    assert answer.url == f"{client.url}/admin/"


def headers_of(kind: str, stack: Stack, key: str) -> dict[str, str]:
    if kind == "pages":
        with stack.client() as client:
            sign_in(client)
            cookies = [f"{name}={value}" for name, value in client.cookies.items()]
        return {"Cookie": "; ".join(cookies), "User-Agent": "peak"}
    kept: dict[str, str] = {} if kind == "front" else UNCACHED
    return {"Authorization": f"Bearer {key}", "User-Agent": "peak"} | kept


def test_pages_and_sign_in_overtake_a_flood_of_the_api(stack: Stack, key: str):
    with (
        flood_of(stack, TODOS, headers_of("api", stack, key)) as flood,
        stack.client() as client,
    ):
        wait_for_queue(stack)
        before = computed(stack, "api:todos")
        sign_in(client)
        pages = [client.get(path) for path in (TABLE, "/admin/", "/readyz")]
        overtaken = CLIENTS - (computed(stack, "api:todos") - before) / 7

    assert {page.status_code for page in pages} == {200}
    # In one queue, each of the seven requests would have waited for a thousand others.
    assert overtaken > CLIENTS / 2
    assert set(flood.statuses) <= {"200", "503+", "broken"}
    assert flood.statuses["broken"] == 0


@pytest.mark.parametrize(
    ("kind", "path", "route"),
    [
        ("api", TODOS, "api:todos"),
        ("front", TODOS, "api:todos"),
        ("pages", TABLE, "admin:todos_todo_changelist"),
    ],
)
def test_nothing_is_computed_for_clients_that_have_left(
    stack: Stack, key: str, kind: str, path: str, route: str
):
    headers = headers_of(kind, stack, key)
    before = computed(stack, route) - answered(stack, 200)
    gone = left_out(stack, "left")
    with flood_of(stack, path, headers) as flood, stack.client() as client:
        wait_for_queue(stack)
        flood.leave()
        # It waits behind all that were there before.
        answer = client.get(path, headers=headers)
    total = computed(stack, route) - before

    assert answer.status_code == 200
    wait_until(
        lambda: total - answered(stack, 200) < CLIENTS / 4,
        what="what was computed is in the log as answered",
        seconds=10,
    )
    assert set(flood.statuses) <= {"200", "503+", "broken"}
    assert flood.statuses["broken"] == 0
    if kind != "front":  # whose queue is over in a moment
        assert left_out(stack, "left") > gone + CLIENTS / 4


def test_what_cannot_be_served_in_time_is_refused(stack: Stack, key: str):
    headers = headers_of("api", stack, key) | {"Content-Type": "application/json"}
    body = json.dumps({"content": "Once the lock is gone"})
    with stack.client(key=key) as client:
        before, earlier = left_out(stack, "late"), answered(stack, 503)
        with held_todos(stack), flood_of(stack, TODOS, headers, body) as flood:
            wait_until(
                lambda: answered(stack, 503) > earlier + CLIENTS / 2,
                what="most are refused",
            )
        answer = client.post(TODOS, data=body, headers=headers)

    assert left_out(stack, "late") > before + CLIENTS / 4
    assert answer.status_code == 201
    assert set(flood.statuses) == {"broken", "503+"}
    assert flood.statuses["broken"] == 0


@pytest.mark.parametrize(("count", "first"), [(1, 1), (2, 1), (3, 2), (8, 2)])
def test_one_of_three_workers_is_kept_for_pages(tmp_path: Path, count: int, first: int):
    (tmp_path / "run").mkdir()
    shown = run(
        Path(sys.prefix) / "bin" / "uwsgi", "--no-server", "--show-config",
        "--ini", REPOSITORY / "deploy" / "uwsgi.ini",
        env={
            "APP": str(REPOSITORY),
            "DATA_DIR": str(tmp_path),
            "WEB_PROCESSES": str(count),
            "PATH": "/usr/bin:/bin",
        },
    )  # fmt: skip
    (workers,) = re.findall(r"^map-socket = 0:(\S+)$", shown, re.MULTILINE)
    assert workers.split(",") == [str(n) for n in range(first, 4 * count + 1)]
