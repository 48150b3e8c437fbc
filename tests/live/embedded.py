"""The simple installation: one HTTP server with SQLite, in a temporary folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import requests

from tests.checkout import REPOSITORY
from tests.live.stack import Client
from tests.live.stack.places import free_ports
from tests.live.waiting import TIMEOUT, wait_until

SERVER = [str(REPOSITORY / "script" / "server")]
# The server that it starts, and the other one that it can start.
UWSGI = [str(Path(sys.executable).with_name("uwsgi")), "--ini", "deploy/uwsgi.ini"]
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]

INNER = "run/web-0.sock"  # through which uWSGI passes requests to its workers


class Embedded:
    """A running server; use it in a `with`."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.data = folder
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.log = folder / "log"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "HTTP": self.address,
            "APP": str(REPOSITORY),
            "WEB_PROCESSES": "2",
        } | variables
        self.process: subprocess.Popen[bytes] | None = None

    def start(
        self, command: list[str], *, seconds: float = TIMEOUT, **variables: str
    ) -> None:
        """Start it and return when it serves."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                command,
                env=self.env | variables,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.is_ready, seconds=seconds, what="the embedded server is ready")

    def __enter__(self) -> Embedded:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        try:
            body = self.client().get("/readyz").json()
        except (requests.RequestException, ValueError):
            return False
        return bool(body["status"] == "ok")

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait_ended(self) -> None:
        """Wait until all of its processes have ended."""
        assert self.process is not None
        self.process.wait(25)  # idle connections do not delay the end
        wait_until(lambda: not self.group(), every=0.2, what="all of it has ended")

    def group(self) -> list[psutil.Process]:
        """Return every process that uses its data folder."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("DATA_DIR") == str(self.data)
        except psutil.Error:
            return False

    def background(self) -> list[psutil.Process]:
        """Return the process that runs scheduled tasks, if there is one."""
        return [each for each in self.group() if "background" in words_of(each)]

    def workers(self) -> list[psutil.Process]:
        """Return uWSGI's workers, without the master and the HTTP router."""
        children = psutil.Process(self.pid).children()
        return [each for each in children if INNER in addresses(each)]

    def is_reading(self) -> bool:
        """Return whether a worker has taken a request."""
        if workers := self.workers():
            return any(addresses(each).count(INNER) > 1 for each in workers)
        return any(
            connection.status == psutil.CONN_ESTABLISHED
            for each in psutil.Process(self.pid).children()
            for connection in each.net_connections()
        )

    def new_key(self) -> str:
        return self.manage("createapikey", "admin")

    def manage(self, *arguments: str, **variables: str) -> str:
        """Run a management command on its data; return what it prints."""
        return subprocess.run(  # noqa: S603
            [sys.executable, str(REPOSITORY / "manage.py"), *arguments],
            env=self.env | variables,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def client(self, *, key: str | None = None) -> Client:
        return Client(self.url, key=key)


def words_of(process: psutil.Process) -> list[str]:
    """Return the command line of a process; one that has just ended has none."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def addresses(process: psutil.Process) -> list[str]:
    """Return the Unix sockets that a process listens on or was called over."""
    try:
        return [str(each.laddr) for each in process.net_connections("unix")]
    except psutil.Error:  # it has just ended
        return []
