"""A running server of a peer."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from benchmarks.peers.entries import (
    DRF,
    DRF_DATABASE,
    INDEXED_DATABASE,
    PLAIN_DATABASE,
    Peer,
    Site,
)
from tests.checkout import REPOSITORY
from tests.live.stack.places import free_ports
from tests.live.stack.supervisor import end_with_parent
from tests.live.waiting import wait_until

FOLDER = REPOSITORY / "benchmarks" / "peers"
BACKLOG = Path("/proc/sys/net/core/somaxconn")
# As the tutorial has it: two for each of four cores, and one more.
GUNICORN = ("-m", "gunicorn", "--workers=9", "--keep-alive=60", "--log-level=warning")
# As deploy/uwsgi.ini has it.
UWSGI = (
    "--master", "--lazy-apps", "--need-app", "--single-interpreter",
    "--enable-threads", "--disable-logging", "--buffer-size=65535",
    "--chmod-socket=666", "--module=benchmarks.peers.drf_todo.wsgi:application",
)  # fmt: skip


class PeerServer:
    """A server and all of its processes: `start` it, and `stop` it."""

    def __init__(self, name: str, peer: Peer, site: Site) -> None:
        self.name = name
        self.peer = peer
        self.site = site
        self.port = free_ports(1)[0]
        self.socket = site.sockets / f"{name}.sock"
        self.log = site.sockets / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError(f"{self.name} has not been started.")
        return self.process.pid

    def start(self) -> None:
        """Return when it listens."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.command(),
                env=self.env(),
                cwd=FOLDER / self.peer.package,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        wait_until(lambda: self.listens(self.pid), what=f"{self.name} listens")

    def command(self) -> list[str]:
        if self.peer.package == DRF:
            return self._uwsgi()
        python = str(self.site.environments[self.peer.package] / "bin" / "python")
        if not self.peer.worker_class:
            return [python, "-m", "flask", "--app=app", "run", f"--port={self.port}"]
        place = f"127.0.0.1:{self.port}"
        if self.peer.behind_nginx:
            place = f"unix:{self.socket}"
        kind = f"--worker-class={self.peer.worker_class}"
        return [python, *GUNICORN, kind, f"--bind={place}", "app:app"]

    def _uwsgi(self) -> list[str]:
        """Run plain DRF with our uWSGI, set up like ours."""
        return [
            str(Path(sys.executable).with_name("uwsgi")),
            *UWSGI,
            f"--processes={self.site.workers}",
            f"--listen={BACKLOG.read_text().strip()}",
            f"--pythonpath={REPOSITORY}",
            f"--virtualenv={self.site.environments[DRF]}",
            f"--socket={self.socket}",
        ]

    def env(self) -> dict[str, str]:
        host = self.site.database_host
        base = {"PATH": os.environ["PATH"], "HOME": str(self.site.sockets)}
        if self.peer.package == DRF:
            return base | drf_env(host)
        name = INDEXED_DATABASE if self.peer.is_indexed else PLAIN_DATABASE
        return base | {
            "DATABASE_URL": f"postgresql+psycopg://postgres@/{name}?host={host}",
            "CACHE_URL": self.site.redis_url if self.peer.is_cached else "",
        }

    def listens(self, pid: int) -> bool:
        """Return whether it listens; raise RuntimeError if it has ended."""
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            raise RuntimeError(self.log.read_text(errors="replace"))
        if self.peer.behind_nginx:
            return self.socket.is_socket()
        with socket.socket() as probe:
            return not probe.connect_ex(("127.0.0.1", self.port))

    def stop(self) -> None:
        """Kill its processes: they hold nothing that anybody needs."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):  # all of them have ended
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def drf_env(database_host: Path) -> dict[str, str]:
    """Return the settings of plain DRF."""
    return {
        "DATABASE_NAME": DRF_DATABASE,
        "DATABASE_HOST": str(database_host),
        "SECRET_KEY": secrets.token_hex(32),
        "PYTHONPATH": str(REPOSITORY),
        "DJANGO_SETTINGS_MODULE": "benchmarks.peers.drf_todo.settings",
    }
