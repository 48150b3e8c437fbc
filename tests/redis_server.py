"""A private Redis server that tests can stop, freeze and fill."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import redis

from tests.live.waiting import wait_until


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
