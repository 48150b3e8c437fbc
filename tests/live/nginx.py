"""nginx with the shipped configuration, in front of two small app servers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from tests.checkout import REPOSITORY
from tests.live.stack import Client
from tests.live.stack.installation import make_certificate, write_configuration
from tests.live.stack.places import RUN_USER, Places, make_folder
from tests.live.waiting import wait_until

ECHO = REPOSITORY / "tests" / "live" / "echo.py"


class Nginx:
    """A running nginx with its own configuration; use it in a `with`.

    `site` contains texts of site/*.conf by name; `numbers` are replaced in all files.
    """

    def __init__(
        self,
        *,
        site: dict[str, str] | None = None,
        numbers: dict[str, str] | None = None,
        serves: bool = True,
    ) -> None:
        self.places = Places()
        self.data, self.config = self.places.data, self.places.config
        self.https_port, self.http_port = self.places.https_port, self.places.http_port
        self.url = f"https://127.0.0.1:{self.https_port}"
        self.http_url = f"http://127.0.0.1:{self.http_port}"
        self.log = self.places.folder / "nginx.log"
        self.tls = ssl.create_default_context()
        self.names = ("web-0", "web-1") if serves else ()
        self.apps: list[subprocess.Popen[bytes]] = []
        self._install(site or {}, numbers or {})
        self._running = ExitStack()

    def _install(self, site: dict[str, str], numbers: dict[str, str]) -> None:
        self.config.mkdir()
        self.places.home.mkdir()
        self.places.app.symlink_to(REPOSITORY)
        for name in ("static", "media", "acme"):
            (self.data / name).mkdir(parents=True)
        make_folder(self.data / "run", owner=RUN_USER, mode=0o755)
        make_certificate(self.places)
        self.tls.load_verify_locations(self.places.certificate)
        write_configuration(self.places)
        for name, text in site.items():
            (self.config / "site" / f"{name}.conf").write_text(text)
        for name in ("nginx.conf", "nginx"):
            unlink_and_copy(self.config / name)
        for old, new in numbers.items():
            self._replace(old, new)

    def _replace(self, old: str, new: str) -> None:
        files = [path for path in self.config.rglob("*.conf") if path.is_file()]
        holding = [path for path in files if old in path.read_text()]
        if not holding:
            raise RuntimeError(f"The configuration does not hold {old!r}.")
        for path in holding:
            path.write_text(path.read_text().replace(old, new))

    def __enter__(self) -> Nginx:
        with ExitStack() as starting:
            starting.callback(shutil.rmtree, self.places.folder)
            self.apps = [
                starting.enter_context(running(self._app(n), self.places.folder / n))
                for n in self.names
            ]
            nginx = starting.enter_context(running(self._nginx(), self.log))
            wait_until(
                lambda: nginx.poll() is not None or self._answers(),
                what="nginx and its app answer",
            )
            if nginx.poll() is not None:
                raise RuntimeError(self.log.read_text())
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _app(self, name: str) -> list[str]:
        program = Path(sys.prefix) / "bin" / "uwsgi"
        path = self.data / "run" / name
        return [
            str(program), "--master", "--need-app", "--die-on-term", "--no-orphans",
            "--processes", "2", "--wsgi-file", str(ECHO),
            "--socket", f"{path}.sock", "--socket", f"{path}.api.sock",
            "--chmod-socket=666",
        ]  # fmt: skip

    def _nginx(self) -> list[str]:
        nginx = shutil.which("nginx", path=f"{self.places.env['PATH']}")
        if nginx is None:
            raise RuntimeError("nginx is missing: apt-get install nginx")
        return [
            nginx, "-p", str(self.data), "-c", str(self.config / "nginx.conf"),
            "-g", "daemon off;",
        ]  # fmt: skip

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                answers = [client.get("/livez") for _ in self.names or "1"]
        except OSError:
            return False
        return all(answer.ok == bool(self.names) for answer in answers)

    # --- Asking it ---------------------------------------------------------------

    def client(self) -> Client:
        return Client(self.url, certificate=self.places.certificate, key=None)

    def received(self, path: str = "/", **options: Any) -> dict[str, Any]:
        """Return what the app received of a GET request."""
        with self.client() as client:
            answer = client.get(path, **options)
        answer.raise_for_status()
        return dict(answer.json())

    def connect(self, *, timeout: float = 15) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.https_port), timeout)
        return self.tls.wrap_socket(plain, server_hostname="localhost")

    def send(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return the status, headers and body of the response to these bytes."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_answer(connection)

    def lines(self, request_id: str) -> list[dict[str, Any]]:
        """Return the log lines of a request, when they have been written."""
        return wait_until(
            lambda: [
                line for line in self.logged() if line["request_id"] == request_id
            ],
            what=f"the log contains {request_id}",
        )

    def logged(self) -> list[dict[str, Any]]:
        whole, _, _ = self.log.read_text().rpartition("\n")  # one is being written
        lines = whole.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def unlink_and_copy(link: Path) -> None:
    """Replace a link by a copy that can be changed."""
    target = link.resolve()
    link.unlink()
    (shutil.copytree if target.is_dir() else shutil.copy)(target, link)


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program during the block; kill its process group afterwards."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers by lower-case name, and the body of a response."""
    answer = HTTPResponse(connection)
    answer.begin()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, headers, answer.read()
