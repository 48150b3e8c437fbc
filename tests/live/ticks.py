"""Beat stopped, so that the worker runs only what a test sends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from tests.live.stack import Stack
from tests.live.waiting import wait_until

FORGOTTEN = 20  # seconds; a tick taken longer ago was taken by a killed worker


@contextmanager
def nobody_empties_the_trash(stack: Stack) -> Iterator[None]:
    """Stop beat once the ticks that it sent are processed; resume it at the end."""
    stack.freeze("beat")
    try:
        wait_until(lambda: not is_tick_left(stack), what="no tick is left")
        yield
    finally:
        stack.thaw("beat")


def is_tick_left(stack: Stack) -> bool:
    """Return whether a tick waits or is processed, since it is acknowledged late."""
    with Redis.from_url(stack.env["BROKER_URL"]) as broker:
        waiting = broker.lrange("celery", 0, -1)
        taken = broker.zrangebyscore("unacked_index", time.time() - FORGOTTEN, "+inf")
        begun = [broker.hget("unacked", tag) or b"" for tag in taken]
    return any(b"todos.tasks.empty_trash" in message for message in [*waiting, *begun])
