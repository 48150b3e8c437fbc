"""App servers load new code without losing a request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

from tests.live.load import load_on
from tests.live.stack import Stack
from tests.live.waiting import wait_until

RELOADS = 5
INSTANCES = ("web:web-0", "web:web-1")


def workers(stack: Stack) -> set[int]:
    """Return the processes that answer requests now."""
    return {process.pid for name in INSTANCES for process in stack.processes(name)[1:]}


def completed(stack: Stack) -> int:
    """Return how often an instance has said that all of its workers are new."""
    texts = (stack.log(name).read_text() for name in INSTANCES)
    return sum(len(re.findall("chain reloading complete", text)) for text in texts)


def reload(stack: Stack) -> None:
    """Renew all workers, and return when it is done."""
    before = completed(stack)
    (stack.data / "run" / "reload").touch()
    wait_until(
        lambda: completed(stack) >= before + len(INSTANCES),
        what="both instances have renewed their workers",
    )


@contextmanager
def broken(path: Path) -> Iterator[None]:
    """Let what is loaded from now on fail."""
    original = path.read_text()
    path.write_text(f'{original}\nraise RuntimeError("broken")\n')
    try:
        yield
    finally:
        path.write_text(original)


def test_code_that_does_not_load_is_retried_without_using_a_core(stack: Stack):
    run = stack.data / "run"
    note = run / "web-0.release"

    def has_noted(word: str, since: float) -> float:
        """Return when a worker wrote this, if it did after then."""
        if not note.exists() or word not in note.read_text():
            return 0
        at = note.stat().st_mtime
        return at if at > since else 0

    before, started = completed(stack), time()
    with broken(stack.app / "todo_project" / "wsgi.py"):
        (run / "reload").touch()
        first = wait_until(lambda: has_noted("failed", started), what="a worker fails")
        second = wait_until(lambda: has_noted("failed", first), what="one fails again")
        with stack.client() as client:
            assert client.get("/livez").status_code == 200
    assert second - first >= 5
    wait_until(
        lambda: completed(stack) >= before + len(INSTANCES),
        what="both instances have renewed their workers",
    )


def test_chain_reloads_under_a_hundred_connections_lose_no_request(
    stack: Stack, key: str
):
    served = []
    with load_on(stack, key) as load:
        for _ in range(RELOADS):
            old, before = workers(stack), load.answered()
            reload(stack)
            served.append(load.answered() - before)
            assert not old & workers(stack)

    assert load.failed == 0, load.result
    assert min(served) > 10, served
