"""App servers of the checker: several processes on one database and one Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.checkout import REPOSITORY
from tests.live.stack import Stack
from tests.live.stack.places import free_ports
from tests.live.waiting import wait_until

GUNICORN = [sys.executable, "-m", "gunicorn", "--workers=1", "--threads=4"]
APPLICATION = "tests.live.freshness.application:application"
# Nothing listens there.
NOWHERE = "redis://127.0.0.1:1/0"


@contextmanager
def app_server(stack: Stack, redis_url: str, fault: str = "") -> Iterator[str]:
    """Run an app server; return its URL. It may have a fault: see `application`."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as data:
        (Path(data) / "static").symlink_to(Path(stack.env["DATA_DIR"]) / "static")
        env = stack.env | {
            "DATA_DIR": data,
            "REDIS_URL": redis_url,
            "HTTPS": "false",
            "FAULT": fault,
            "PATH": os.environ["PATH"],
        }
        command = [*GUNICORN, f"--bind=127.0.0.1:{port}", APPLICATION]
        process = subprocess.Popen(command, cwd=REPOSITORY, env=env)  # noqa: S603
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: answers(url), seconds=60, what=f"{url} answers")
            yield url
        finally:
            process.terminate()
            process.wait()


@contextmanager
def app_servers(
    stack: Stack, redis_url: str, count: int, fault: str = ""
) -> Iterator[list[str]]:
    with ExitStack() as started:
        yield [
            started.enter_context(app_server(stack, redis_url, fault))
            for _ in range(count)
        ]


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/livez", timeout=5).status_code == 200
    except requests.RequestException:
        return False
