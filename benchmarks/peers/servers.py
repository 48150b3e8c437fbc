"""The servers of the peers: one entry each, all started at once."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.checkout import REPOSITORY
from tests.live.stack.places import free_ports
from tests.live.stack.supervisor import end_with_parent
from tests.live.waiting import wait_until

FOLDER = REPOSITORY / "benchmarks" / "peers"
FLASK, DRF = "flask_todo", "drf_todo"
# As the tutorial has it: two for each core and one more, on four cores.
GUNICORN = ("-m", "gunicorn", "--workers=9", "--keep-alive=60", "--log-level=warning")
UWSGI = (
    "--master", "--processes={workers}", "--lazy-apps", "--need-app",
    "--single-interpreter", "--enable-threads", "--disable-logging",
    "--listen={backlog}", "--chmod-socket=666", "--buffer-size=65535",
    "--pythonpath={repository}", "--virtualenv={environment}",
)  # fmt: skip
STOP_TIME = 10  # seconds


@dataclass(frozen=True)
class Peer:
    """A server: `worker_class` is gunicorn's, empty for Flask's own server."""

    package: str
    worker_class: str = ""
    is_indexed: bool = True
    behind_nginx: bool = False
    is_cached: bool = False


@dataclass(frozen=True)
class Site:
    """What the peers share: databases, Redis, their environments, sockets."""

    database_host: Path
    redis_url: str
    sockets: Path
    environments: Mapping[str, Path]
    workers: int  # of plain DRF: as many as ours


PLAIN_DATABASE, INDEXED_DATABASE, DRF_DATABASE = "peer_plain", "peer", "peer_drf"


def peers(best: str) -> dict[str, Peer]:
    """Return the servers by name; `best` is the worker class of the last ones."""
    return {
        "flask": Peer(FLASK, is_indexed=False),
        "flask-indexed": Peer(FLASK),
        "flask-gunicorn": Peer(FLASK, "sync"),
        "flask-gevent": Peer(FLASK, "gevent"),
        "flask-meinheld": Peer(FLASK, "meinheld.gmeinheld.MeinheldWorker"),
        "flask-nginx": Peer(FLASK, best, behind_nginx=True),
        "flask-cached": Peer(FLASK, best, behind_nginx=True, is_cached=True),
        "drf": Peer(DRF, behind_nginx=True),
    }


def worker_classes(environment: Path) -> list[str]:
    """Return which of gunicorn's worker classes are installed, the fastest first."""
    classes = {"meinheld": "meinheld.gmeinheld.MeinheldWorker", "gevent": "gevent"}
    return [
        name
        for module, name in classes.items()
        if not subprocess.run(  # noqa: S603
            [environment / "bin" / "python", "-c", f"import {module}"],
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode
    ] + ["sync"]


@dataclass
class PeerServer:
    """A running server of a peer; `stop` it."""

    name: str
    peer: Peer
    site: Site
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.site.sockets / f"{self.name}.sock"

    @property
    def log(self) -> Path:
        return self.site.sockets / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
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
        wait_until(self.listens, what=f"{self.name} listens (log: {self.log})")

    def command(self) -> list[str]:
        environment = self.site.environments[self.peer.package]
        python = str(environment / "bin" / "python")
        bind = (
            f"unix:{self.socket}"
            if self.peer.behind_nginx
            else f"127.0.0.1:{self.port}"
        )
        if self.peer.package == DRF:
            values = {
                "workers": self.site.workers,
                "backlog": Path("/proc/sys/net/core/somaxconn").read_text().strip(),
                "repository": REPOSITORY,
                "environment": environment,
            }
            options = [option.format(**values) for option in UWSGI]
            module = "benchmarks.peers.drf_todo.wsgi:application"
            return [
                str(Path(sys.executable).with_name("uwsgi")), *options,
                f"--socket={self.socket}", f"--module={module}",
            ]  # fmt: skip
        if not self.peer.worker_class:
            return [python, "-m", "flask", "--app=app", "run", f"--port={self.port}"]
        kind = f"--worker-class={self.peer.worker_class}"
        return [python, *GUNICORN, kind, f"--bind={bind}", "app:app"]

    def env(self) -> dict[str, str]:
        host = self.site.database_host
        name = INDEXED_DATABASE if self.peer.is_indexed else PLAIN_DATABASE
        flask = {
            "DATABASE_URL": f"postgresql+psycopg://postgres@/{name}?host={host}",
            "CACHE_URL": self.site.redis_url if self.peer.is_cached else "",
        }
        return self.base_env() | (
            flask if self.peer.package == FLASK else drf_env(host)
        )

    def base_env(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.site.sockets)}

    def listens(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(self.log.read_text(errors="replace"))
        if self.peer.behind_nginx:
            return self.socket.is_socket()
        with socket.socket() as probe:
            return not probe.connect_ex(("127.0.0.1", self.port))

    def stop(self) -> None:
        """Stop its processes; kill what has not ended in time."""
        if self.process is None:
            return
        # uWSGI would reload on TERM.
        self.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_TIME)
        with suppress(ProcessLookupError):  # all of them have ended
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def drf_env(database_host: Path) -> dict[str, str]:
    return {
        "DATABASE_NAME": DRF_DATABASE,
        "DATABASE_HOST": str(database_host),
        "SECRET_KEY": secrets.token_hex(32),
        "PYTHONPATH": str(REPOSITORY),
        "DJANGO_SETTINGS_MODULE": "benchmarks.peers.drf_todo.settings",
    }
