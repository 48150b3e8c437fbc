"""Load by wrk while something happens to the deployment."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.stack import Stack
from tests.live.waiting import wait_until

SCRIPT = Path(__file__).with_name("reads_and_writes.lua")
CONNECTIONS = 100
PAUSE = 1000  # milliseconds
LONGEST = 600  # seconds; it is stopped before


@dataclass
class Load:
    """What came of the load; it is known when the load has ended."""

    stack: Stack
    result: dict[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> float:
        """Return how many requests were not answered, or not by success."""
        return self.result["refused"] + self.result["broken"] + self.result["late"]

    def answered(self) -> int:
        """Return how many requests nginx has answered by now."""
        return self.stack.log("nginx").read_bytes().count(b'"agent":"load"')


def start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@contextmanager
def load_on(stack: Stack, key: str, *, keyed: bool = False) -> Iterator[Load]:
    """Read and write over 100 connections as long as the block lasts.

    They pause now and then: a machine whose processors have nothing to spare takes
    minutes to start what a test waits for.
    Where the load is `keyed`, what is added carries an Idempotency-Key.
    """
    load = Load(stack)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "User-Agent": "load",
    }
    command = [
        "wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={LONGEST}s",
        "--timeout=35s", f"--script={SCRIPT}",
        *(f"--header={name}: {value}" for name, value in headers.items()),
        stack.url, "--", str(PAUSE), *(["keyed"] if keyed else []),
    ]  # fmt: skip
    before = load.answered()
    with start(command) as wrk:
        try:
            wait_until(lambda: load.answered() > before, what="the load has begun")
            yield load
        finally:
            wrk.send_signal(signal.SIGINT)  # then it prints its results
            _output, errors = wrk.communicate(timeout=60)
    load.result = json.loads(errors.splitlines()[-1])
