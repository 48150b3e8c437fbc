"""gunicorn: another server behind nginx, and what script/server falls back to.

.venv/bin/gunicorn --config deploy/gunicorn.conf.py, with the environment of uwsgi.ini.
Behind nginx it takes the same socket and speaks the same protocol, so nothing else
changes. WORKER_CLASS is sync (one request a worker, cut off after 30 seconds as by
uWSGI's harakiri), gthread (WEB_THREADS in each worker, and no such limit) or gevent,
which has to be installed beside the locked packages. TTIN and TTOU to the process of
the pid file add and remove a worker, HUP renews all.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

APP = Path(__file__).resolve().parent.parent
RUN = Path(os.environ["DATA_DIR"]) / "run"
NAME = f"web-{os.environ.get('INSTANCE', '0')}"
HTTP = os.environ.get("HTTP", "")  # host:port, in the embedded way
SOCKET = RUN / f"{NAME}.sock"
PATIENCE = 5  # seconds for the background to end

wsgi_app = "todo_project.wsgi:application"
pythonpath = str(APP)
# A folder in memory: a disk that hangs does not make workers look dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108
workers = int(os.environ.get("WEB_PROCESSES", os.cpu_count() or 1))
backlog = int(Path("/proc/sys/net/core/somaxconn").read_text())
timeout = 30  # seconds, as uWSGI's harakiri
graceful_timeout = 32  # seconds; a worker may finish what the timeout allows
# Ready and failing are told below and by the log of the service.
loglevel = "warning"
# The pid file tells whom to steer; a socket for it would be one more to guard.
control_socket_disable = True

# Whom to believe about the client is decided in one place, todo_project/wsgi.py.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

if HTTP:
    bind = [HTTP]
    # Slow clients hold a thread each. A second process would take as many connections
    # as the first and let them wait for threads of its own, though the first has free
    # ones.
    workers = 1
    worker_class = "gthread"
    threads = 32
else:
    bind = [f"unix:{SOCKET}"]
    protocol = "uwsgi"
    pidfile = str(RUN / f"{NAME}.pid")
    umask = 0o027
    worker_class = os.environ.get("WORKER_CLASS", "sync")
    if worker_class == "gthread":
        threads = int(os.environ.get("WEB_THREADS", "4"))
    keepalive = 0  # nginx sends one request on a connection
    max_requests = 20000
    max_requests_jitter = 2000


def pre_request(worker: Any, req: Any) -> None:
    """Escape the path, which nginx has decoded and gunicorn decodes again."""
    if not HTTP:
        req.path = quote(req.path, encoding="latin-1")


def when_ready(server: Any) -> None:
    """Open the socket to nginx's group, or start what uWSGI would have attached."""
    if HTTP:
        background.start()
        print(f"Todo service: http://{HTTP}  (Ctrl-C ends it)", flush=True)  # noqa: T201
    else:
        SOCKET.chmod(0o660)


def on_reload(server: Any) -> None:
    background.renew()


def on_exit(server: Any) -> None:
    background.stop()


class Background:
    """`manage.py background`, started again whenever it ends."""

    def __init__(self) -> None:
        self.pid = 0
        self.stopped = Event()
        self.thread = Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def renew(self) -> None:
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it, in the middle of what it does if need be."""
        self.stopped.set()
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._signal(number)
            if self.thread.is_alive():
                self.thread.join(PATIENCE)

    def _signal(self, number: int) -> None:
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _keep(self) -> None:
        command = [sys.executable, str(APP / "manage.py"), "background"]
        while not self.stopped.is_set():
            # Not by subprocess: a worker that is forked at that moment would inherit
            # the pipe over which that learns of the start, and it would wait for ever.
            # A session of its own: Ctrl-C is for the server, which then ends it.
            self.pid = os.posix_spawn(command[0], command, os.environ, setsid=True)
            with suppress(ChildProcessError):  # gunicorn may have heard of its end
                os.waitpid(self.pid, 0)
            self.pid = 0
            self.stopped.wait(1)


background = Background()
if HTTP:
    # The background may be at work when this one is killed, and does not keep the lock
    # of script/server so long.
    with suppress(OSError):
        os.set_inheritable(8, False)
