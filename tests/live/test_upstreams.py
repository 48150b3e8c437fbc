"""One of two app servers behind nginx dies."""

from __future__ import annotations

import os
import signal

from tests.live.load import load_on
from tests.live.stack import Stack
from tests.live.waiting import wait_until

DEATHS = 3


def repeated(stack: Stack) -> int:
    """Return how many requests nginx has sent to a second app server."""
    return stack.log("nginx").read_text().count(".sock, unix:")


def answered_by(stack: Stack, instance: str) -> int:
    socket = f"{stack.data}/run/{instance}.api.sock"
    line = f'upstream":"unix:{socket}","upstream_status":"20'
    return stack.log("nginx").read_text().count(line)


def kill_when_busy(stack: Stack) -> None:
    """Kill the master of web-1 while it serves, and return when it serves again."""
    served = answered_by(stack, "web-1")
    wait_until(
        lambda: answered_by(stack, "web-1") > served + 20,
        what="web-1 serves",
    )
    dead = stack.pid("web:web-1")
    os.kill(dead, signal.SIGKILL)
    wait_until(
        lambda: stack.supervised.pid("web:web-1") != dead and stack.answers("web-1"),
        what="web-1 is back",
    )


def test_no_request_fails_when_an_app_server_is_killed_under_load(
    stack: Stack, key: str
):
    before = repeated(stack)
    with load_on(stack, key, keyed=True) as load:
        for _ in range(DEATHS):
            kill_when_busy(stack)

    assert load.failed == 0, load.result
    assert repeated(stack) > before
