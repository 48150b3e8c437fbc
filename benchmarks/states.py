"""What holds while a rung is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from benchmarks.postgresql import connected
from tests.live.stack import Stack

NEWEST = "todo_newest"  # the index of the default order


@contextmanager
def without_redis(stack: Stack) -> Iterator[None]:
    stack.supervisor("stop", "redis")
    try:
        yield
    finally:
        stack.supervisor("start", "redis")
        stack.wait_ready()


@contextmanager
def unindexed(stack: Stack) -> Iterator[None]:
    find = "SELECT indexdef FROM pg_indexes WHERE indexname = %s"
    with connected(stack.places.postgresql) as connection:
        [(definition,)] = connection.execute(find, [NEWEST])
        connection.execute(f"DROP INDEX {NEWEST}".encode())
        try:
            yield
        finally:
            connection.execute(definition)


STATES: dict[str, Callable[[Stack], AbstractContextManager[None]]] = {
    "": lambda _stack: nullcontext(),
    "without redis": without_redis,
    "unindexed": unindexed,
}
