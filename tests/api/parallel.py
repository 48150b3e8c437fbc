"""Concurrent requests, each with its own connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from tests.todos.threads import wait_long

TRIES = 20


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Make the calls concurrently; return their responses.

    SQLite allows one writer at a time. Others get 503 with Retry-After, and try again
    as a client would.
    """
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            wait_long()
            barrier.wait(timeout=60)
            return call_with_retries(call)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def call_with_retries(call: Callable[[], Any]) -> Any:
    for _ in range(TRIES):
        answer = call()
        if answer.status_code != 503:
            return answer
        time.sleep(int(answer["Retry-After"]))
    raise AssertionError("The service stayed busy.")
