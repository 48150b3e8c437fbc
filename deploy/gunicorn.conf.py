"""gunicorn: the server of script/server, and an alternative to uWSGI behind nginx.

Behind nginx it is used if APP_SERVER=gunicorn (deploy/serve), with the environment of
uwsgi.ini. It uses the same sockets and protocol as uWSGI, so nothing else changes. All
workers take pages and requests to the API in turn; none is reserved for pages.
Send TTIN or TTOU to the process in the pid file to add or remove a worker, and HUP to
reload all of them. WORKER_CLASS sets how many requests a worker handles at once:

  sync     one, which is cut off after 30 seconds, like by uWSGI's harakiri
  gthread  WEB_THREADS (default 4), without that limit; always used for INSTANCE=files,
           with 16 threads
  gevent   WEB_THREADS as well; useful if the database is far away and each statement
           waits long. A request that computes, such as a sign-in (half a second),
           blocks the other requests of its worker, and the locks that they hold.
           Pages and the API have WEB_THREADS each.
           It is not among the locked packages. Install it in each release:
           .venv/bin/python -m pip install 'gevent>=26,<27'

max_connections of PostgreSQL must allow one connection for each concurrent request of
all workers and instances, plus about ten. Under gevent each request opens its own.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from threading import BoundedSemaphore, Event, Thread
from typing import Any
from urllib.parse import quote

from gunicorn.http.errors import (
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

if not os.environ.get("DATA_DIR"):
    sys.exit("DATA_DIR must be set to the data folder.")

APP = Path(__file__).resolve().parent.parent
RUN = Path(os.environ["DATA_DIR"]) / "run"
NAME = f"web-{os.environ.get('INSTANCE', '0')}"
HTTP = os.environ.get("HTTP", "")  # host:port, for the embedded server
FOR_FILES = NAME == "web-files"  # uploads and downloads, as uwsgi_files.ini
KIND = os.environ.get("WORKER_CLASS", "sync")
if HTTP or FOR_FILES:
    KIND = "gthread"
# Pages and requests to the API wait in queues of their own.
SOCKETS = [RUN / f"{NAME}.sock", RUN / f"{NAME}.api.sock"]
# Threads of a worker that speaks HTTP. Most of them wait for slow clients: they share
# one interpreter lock, so only a few work at a time.
THREADS, AT_ONCE = 128, 4
STOP_TIMEOUT = 5  # seconds for the background process to end
# gunicorn derives these from errors of clients, but the service has caused them.
OWN_FAULTS = (InvalidResponseHeader, InvalidResponseHeaderName)
HEAD_LIMITS = {LimitRequestLine: 414, LimitRequestHeaders: 431}

if KIND not in {"sync", "gthread", "gevent"}:
    sys.exit(f"WORKER_CLASS must be sync, gthread or gevent, not '{KIND}'.")
if KIND == "gevent" and find_spec("gevent") is None:
    sys.exit(
        f"gevent is missing; run: {sys.executable} -m pip install 'gevent>=26,<27'"
    )


def count_of(name: str, default: int) -> int:
    """Return the number in a variable; exit with a clear message if it is invalid."""
    value = os.environ.get(name, "")
    if not value:
        return default
    if not re.fullmatch("[1-9][0-9]?", value):
        sys.exit(f"{name} must be a whole number from 1 to 99, not '{value}'.")
    return int(value)


class EndingWorker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker that ends immediately on QUIT or if its master was killed.

    gunicorn's own handler shuts down the thread pool from within a signal handler. It
    deadlocks if a request is just being submitted, and otherwise waits for the slowest
    client. Requests that are cut off here are rolled back.
    """

    def handle_quit(self, sig: int, frame: Any) -> None:
        os._exit(0)

    def is_parent_alive(self) -> bool:
        if self.ppid != os.getppid():
            os._exit(1)
        return True

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
        """Refuse what gunicorn cannot read as the service would, not in HTML."""
        if not isinstance(exc, ParseException) or isinstance(exc, OWN_FAULTS):
            super().handle_error(req, client, addr, exc)
            return
        status = HEAD_LIMITS.get(type(exc), 400)
        with suppress(OSError):
            write_nonblock(client, refusal(status))


def in_turn(application: Any) -> Any:
    """Let a few threads work at a time, and none of them while its client sends."""
    turns = BoundedSemaphore(AT_ONCE)

    def take_turn(environ: dict[str, Any], start_response: Any) -> Any:
        with received_body(environ, turns) as body, turns:
            environ["wsgi.input"] = body
            return application(environ, start_response)

    return take_turn


@contextmanager
def received_body(environ: dict[str, Any], turns: BoundedSemaphore) -> Iterator[Any]:
    """Read a body that the service holds in memory anyway; it streams larger ones."""
    from django.conf import settings

    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        yield BytesIO(environ["wsgi.input"].read(length) if length else b"")
        return
    body = StreamedBody(environ["wsgi.input"], turns)
    try:
        yield body
    finally:
        body.is_in_turn = False


class StreamedBody:
    """A body whose reader gives up its turn while it waits for the client."""

    def __init__(self, body: Any, turns: BoundedSemaphore) -> None:
        self._body, self._turns = body, turns
        self.is_in_turn = True

    def read(self, size: int = -1) -> bytes:
        return self._receive(self._body.read, size)

    def readline(self, size: int = -1) -> bytes:
        return self._receive(self._body.readline, size)

    def _receive(self, read: Callable[[int], bytes], size: int) -> bytes:
        if not self.is_in_turn:  # the rest is read after the response
            return read(size)
        self._turns.release()
        try:
            return read(size)
        finally:
            self._turns.acquire()


def refusal(status: int) -> bytes:
    """Return the response to a request that did not reach the service."""
    from django.http import HttpRequest  # needs the settings, which are loaded by now

    from core.api.problems import problem_response

    answer = problem_response(HttpRequest(), status, headers={"Connection": "close"})
    answer.headers["Content-Length"] = str(len(answer.content))
    line = f"HTTP/1.1 {status} {answer.reason_phrase}\r\n".encode()
    return line + answer.serialize_headers() + b"\r\n\r\n" + answer.content


wsgi_app = "todo_project.wsgi:application"
pythonpath = str(APP)
# In memory, so that a hanging disk does not make workers look dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108
worker_class = EndingWorker if KIND == "gthread" else KIND
workers = count_of("WEB_PROCESSES", os.cpu_count() or 1)
backlog = int(Path("/proc/sys/net/core/somaxconn").read_text())
timeout = 30  # seconds, as uWSGI's harakiri
# Seconds; longer than the timeout of a request.
graceful_timeout = 50 if FOR_FILES else 32
# Start-up is reported below, and failures by the log of the service.
loglevel = "warning"
# Signals are enough to control it; a socket would need protection.
control_socket_disable = True

limit_request_line = 8190  # bytes; the service has the same limits
limit_request_field_size = 8190

# Trusted proxies are handled in one place, todo_project/wsgi.py.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

if HTTP:
    bind = [HTTP]
    threads = THREADS
    worker_connections = 2 * THREADS  # the others wait in the queue of the kernel
else:
    bind = [f"unix:{path}" for path in SOCKETS]
    protocol = "uwsgi"
    pidfile = str(RUN / f"{NAME}.pid")
    umask = 0o027
    at_once = 16 if FOR_FILES else count_of("WEB_THREADS", 4)
    if KIND == "gthread":
        threads = at_once
    if KIND == "gevent":
        worker_connections = at_once
    keepalive = 0  # nginx sends one request per connection
    max_requests = 0 if FOR_FILES else 20000
    max_requests_jitter = 2000


def pre_request(worker: Any, req: Any) -> None:
    """Quote the path, which nginx has decoded and gunicorn decodes again."""
    if not HTTP:
        req.path = quote(req.path, encoding="latin-1")


def post_worker_init(worker: Any) -> None:
    """Note for script/upgrade which release was loaded; prepare the kind of worker.

    Under gevent, Django's connections belong to a greenlet, which ends with the
    request, so they are closed after each one.
    """
    if HTTP:
        worker.wsgi = in_turn(worker.wsgi)
    else:
        (RUN / f"{NAME}.release").write_text(f"{APP} loaded\n")
    if KIND == "gevent":
        from django.db import connections

        connections.settings["default"]["CONN_MAX_AGE"] = 0


def when_ready(server: Any) -> None:
    """Let nginx's group use the socket, or start the background process."""
    if HTTP:
        background.start()
        sys.stderr.write(f"Todo service: http://{HTTP}  (press Ctrl-C to stop)\n")
        sys.stderr.flush()
    else:
        for path in SOCKETS:
            path.chmod(0o660)


def on_reload(server: Any) -> None:
    background.restart()


def on_exit(server: Any) -> None:
    background.stop()


class Background:
    """Run `manage.py background`, and start it again whenever it ends."""

    def __init__(self) -> None:
        self.pid = 0
        self.stopped = Event()
        self.thread = Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def restart(self) -> None:
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stop the process; kill it if it does not end in time."""
        self.stopped.set()
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._signal(number)
            if self.thread.is_alive():
                self.thread.join(STOP_TIMEOUT)

    def _signal(self, number: int) -> None:
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _keep(self) -> None:
        command = [sys.executable, str(APP / "manage.py"), "background"]
        command += ["--parent", str(os.getpid())]
        while not self.stopped.is_set():
            # Not subprocess: a worker forked at that moment would inherit the pipe that
            # subprocess waits on for the start, and it would wait forever. In a session
            # of its own, Ctrl-C reaches only the server, which then stops this process.
            self.pid = os.posix_spawn(command[0], command, os.environ, setsid=True)
            with suppress(ChildProcessError):  # gunicorn may have reaped it already
                os.waitpid(self.pid, 0)
            self.pid = 0
            self.stopped.wait(1)


background = Background()
if HTTP:
    # If this process is killed, the background process may still be working. It must
    # not keep the lock of script/server (descriptor 8) meanwhile.
    with suppress(OSError):
        os.set_inheritable(8, False)
