"""A private Redis server that tests can stop, freeze and fill."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from tests.live.waiting import wait_until

# How a value may be damaged, or another program's.
DAMAGED = {
    "cut off": lambda value: value[:-20],
    "one bit flipped": lambda value: bytes([*value[:5], value[5] ^ 1, *value[6:]]),
    "emptied": lambda _value: b"",
    "not text": lambda _value: b"\xff",
    "valid JSON": lambda _value: b'["something", "else"]',
}


class RedisServer:
    """A real server on a Unix socket, without persistence."""

    def __init__(self) -> None:
        # Keep it short: the path of a Unix socket has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self.url = f"unix://{self.folder}/socket?db=0"
        self.start()

    def start(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self.folder / "socket"),
            "dir": str(self.folder),
            "save": "",
            "logfile": str(self.folder / "log"),
        }
        arguments = [
            text for name, value in options.items() for text in (f"--{name}", value)
        ]
        program = shutil.which("redis-server")
        assert program, "Redis is missing: apt-get install redis-server"
        command = [program, *arguments]
        self._process = subprocess.Popen(command)  # noqa: S603  (our own arguments)
        wait_until(self._answers, what="Redis answers")

    @property
    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=60)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def unfreeze(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        (self.folder / "socket").unlink(missing_ok=True)

    def damage(self, names: str, how: Callable[[bytes], bytes]) -> int:
        """Damage the values with these names; return how many there are."""
        client: Any = self.client
        found = list(client.scan_iter(names))
        for name in found:
            client.set(name, how(client.get(name)), keepttl=True)
        return len(found)

    def fill(self) -> None:
        self.client.config_set("maxmemory", "1")

    def empty(self) -> None:
        self.client.config_set("maxmemory", "0")
        self.client.flushall()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
