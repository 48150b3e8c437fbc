"""Beat held still, so that nothing is done but what a test asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from tests.live.stack import Stack
from tests.live.waiting import wait_until

FORGOTTEN = 20  # seconds after which a worker that was killed had it


@contextmanager
def nobody_empties_the_trash(stack: Stack) -> Iterator[None]:
    """Send no ticks meanwhile; begin once those that were sent are done."""
    stack.freeze("beat")
    try:
        wait_until(lambda: not is_tick_left(stack), what="no tick is left")
        yield
    finally:
        stack.thaw("beat")


def is_tick_left(stack: Stack) -> bool:
    """Return whether a tick waits, or is being done: it is acknowledged late."""
    with Redis.from_url(stack.env["BROKER_URL"]) as broker:
        waiting = broker.lrange("celery", 0, -1)
        taken = broker.zrangebyscore("unacked_index", time.time() - FORGOTTEN, "+inf")
        begun = [broker.hget("unacked", tag) or b"" for tag in taken]
    return any(b"todos.tasks.empty_trash" in message for message in [*waiting, *begun])
