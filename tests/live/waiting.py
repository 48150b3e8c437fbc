"""Waiting for another process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
TIMEOUT = 60.0  # seconds; long, because the machine may be busy


def wait_until(
    condition: Callable[[], Found],
    *,
    what: str,
    seconds: float = TIMEOUT,
    every: float = 0.05,
) -> Found:
    """Return the first true answer of `condition`.

    Raise TimeoutError, telling `what` was waited for, when it takes longer.
    """
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"Within {seconds:g} s it did not happen: {what}.")
        time.sleep(every)
