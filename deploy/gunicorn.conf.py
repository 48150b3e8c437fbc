"""gunicorn: another server behind nginx, and what script/server falls back to.

.venv/bin/gunicorn --config deploy/gunicorn.conf.py, with the environment of uwsgi.ini.
Behind nginx it takes the same socket and speaks the same protocol, so nothing else
changes. TTIN and TTOU to the process of the pid file add and remove a worker, HUP
renews all. WORKER_CLASS says how many requests a worker answers at once:

  sync     one, cut off after 30 seconds as by uWSGI's harakiri
  gthread  WEB_THREADS, 4 if not said, and no such limit
  gevent   the same, of use where each statement waits long for a database that is far
           away. A request that computes holds up the others of its worker, as a sign-in
           does for half a second, and so a lock is held the longer the more there are.
           It is not among the locked packages; in each release:
           .venv/bin/python -m pip install 'gevent>=26,<27'

PostgreSQL's max_connections has to allow one for each request at once, of all workers
of all instances, and some ten more. Under gevent each request makes its own anew.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

from gunicorn.workers.gthread import ThreadWorker

if not os.environ.get("DATA_DIR"):
    sys.exit("DATA_DIR must name the folder of the data.")

APP = Path(__file__).resolve().parent.parent
RUN = Path(os.environ["DATA_DIR"]) / "run"
NAME = f"web-{os.environ.get('INSTANCE', '0')}"
HTTP = os.environ.get("HTTP", "")  # host:port, in the embedded way
KIND = "gthread" if HTTP else os.environ.get("WORKER_CLASS", "sync")
SOCKET = RUN / f"{NAME}.sock"
PATIENCE = 5  # seconds for the background to end

if KIND not in {"sync", "gthread", "gevent"}:
    sys.exit(f"WORKER_CLASS must be sync, gthread or gevent, not '{KIND}'.")
if KIND == "gevent" and find_spec("gevent") is None:
    sys.exit(
        f"gevent is missing; run: {sys.executable} -m pip install 'gevent>=26,<27'"
    )


def count_of(name: str, default: int) -> int:
    """Return the number in a variable; end in a sentence if it is none."""
    said = os.environ.get(name, "")
    if not said:
        return default
    if not re.fullmatch("[1-9][0-9]?", said):
        sys.exit(f"{name} must be a whole number from 1 to 99, not '{said}'.")
    return int(said)


class EndingWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, but it ends at once when it is told so or its master was killed.

    Told so, gunicorn's own shuts its threads down in the middle of whatever it is at.
    If that is the start of a request, it waits for a lock of its own for ever;
    if not, for the slowest client. What is cut off here is rolled back.
    """

    def handle_quit(self, sig: int, frame: Any) -> None:
        os._exit(0)

    def is_parent_alive(self) -> bool:
        if self.ppid != os.getppid():
            os._exit(1)
        return True


wsgi_app = "todo_project.wsgi:application"
pythonpath = str(APP)
# A folder in memory: a disk that hangs does not make workers look dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108
worker_class = EndingWorker if KIND == "gthread" else KIND
workers = count_of("WEB_PROCESSES", os.cpu_count() or 1)
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
    threads = 32
else:
    bind = [f"unix:{SOCKET}"]
    protocol = "uwsgi"
    pidfile = str(RUN / f"{NAME}.pid")
    umask = 0o027
    at_once = count_of("WEB_THREADS", 4)
    if KIND == "gthread":
        threads = at_once
    if KIND == "gevent":
        worker_connections = at_once
    keepalive = 0  # nginx sends one request on a connection
    max_requests = 20000
    max_requests_jitter = 2000


def pre_request(worker: Any, req: Any) -> None:
    """Escape the path, which nginx has decoded and gunicorn decodes again."""
    if not HTTP:
        req.path = quote(req.path, encoding="latin-1")


def post_worker_init(worker: Any) -> None:
    """Let no connection to the database outlive its request.

    Under gevent a thread of Django's is a greenlet, which is gone after the request.
    """
    if KIND == "gevent":
        from django.db import connections

        connections.settings["default"]["CONN_MAX_AGE"] = 0


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
        command += ["--parent", str(os.getpid())]
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
