"""Send requests: many at once with wrk, or one after the other."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

SCRIPT = Path(__file__).with_name("requests.lua")
TIMEOUT = 30  # seconds for one response; a slow service has long queues
NOTHING = Path("-")


@dataclass(frozen=True)
class Request:
    """What is sent; with `keys`, each request has the next key of that file."""

    url: str
    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: Path = NOTHING
    keys: Path = NOTHING

    def send(self, session: requests.Session) -> requests.Response:
        """Send it once, with the first of its keys."""
        return session.request(
            self.method,
            self.url + self.path,
            headers=self.headers | self._first_key(),
            data=self.body.read_bytes() if self.body != NOTHING else None,
            timeout=TIMEOUT,
            allow_redirects=False,
            verify=False,
        )

    def _first_key(self) -> dict[str, str]:
        if self.keys == NOTHING:
            return {}
        return {"Authorization": f"Bearer {self.keys.read_text().split()[0]}"}


@dataclass(frozen=True)
class Outcome:
    """What came of a load; `p50` and `p99` are milliseconds."""

    requests: int
    seconds: float
    bytes: int
    p50: float
    p99: float
    refused: int  # responses that are neither 2xx nor 3xx
    broken: int  # connections that failed, and requests without a response in time

    @property
    def errors(self) -> int:
        return self.refused + self.broken


def read_outcome(output: str) -> Outcome:
    """Parse the last line that requests.lua prints; raise ValueError without one."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise ValueError(f"wrk has printed no result: {output.strip()}")
    return Outcome(**json.loads(lines[-1]))


def send_many(
    request: Request,
    *,
    connections: int,
    seconds: float,
    meanwhile: Callable[[], None] = lambda: None,
) -> Outcome:
    """Send requests over all connections at once; call `meanwhile` at half time."""
    headers = [f"--header={name}: {text}" for name, text in request.headers.items()]
    command = [
        "wrk", "--threads=1", f"--connections={connections}",
        f"--duration={seconds:.0f}s", f"--timeout={TIMEOUT}s", f"--script={SCRIPT}",
        *headers, request.url, "--", request.method, request.path,
        str(request.body), str(request.keys),
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as wrk:
        time.sleep(seconds / 2)
        meanwhile()
        output, errors = wrk.communicate(timeout=seconds + 2 * TIMEOUT)
    return read_outcome(output + errors)


def send_in_turn(
    request: Request, *, count: int, before_each: Callable[[], Any]
) -> Outcome:
    """Send one request after the other, over one connection."""
    took, size, refused = [], 0, 0
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(count):
            before_each()
            begin = time.perf_counter()
            response = request.send(session)
            took.append((time.perf_counter() - begin) * 1000)
            size += len(response.content)
            refused += response.status_code >= 400
    took.sort()
    return Outcome(
        requests=count,
        seconds=sum(took) / 1000,
        bytes=size,
        p50=took[count // 2],
        p99=took[-1],
        refused=refused,
        broken=0,
    )
