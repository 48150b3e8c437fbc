"""Load shedding: skips requests that are too late or that nobody waits for.

While all workers are busy, requests wait in the sockets of the app server. Their order
is that of arrival, so after a peak a worker would first compute answers that nobody
waits for. Here it asks two questions before anything else: how long has the request
waited, and has its client left?
"""

from __future__ import annotations

import select
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.registry import registry
from todo_project.error_views import busy
from todo_project.observability import metrics
from todo_project.proxies import BY_PROXY

try:
    import uwsgi
except ImportError:  # another server
    uwsgi = None

Environ = dict[str, Any]

# When nginx passed the request on, as seconds since 1970. Only nginx can set the first;
# gunicorn passes on nothing but headers.
VARIABLE, HEADER = "REQUEST_START", "HTTP_X_REQUEST_START"
LATE = "todo.late"  # in the WSGI variables: whether the request has waited too long
LONGEST = 60  # seconds; nginx gives up before, so a clock must be wrong
# Methods without an effect: a client wants nothing but the answer.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Monitoring has to see a peak, too.
PROBES = frozenset({"/livez", "/readyz", "/metrics"})


class Queue:
    """One kind of requests, judged by how long those that are taken have waited."""

    def __init__(self) -> None:
        self.waited = 0.0  # of the last request in time
        self.is_too_long = False

    def is_late(self, waited: float) -> bool:
        """Return whether to refuse the next request, which has waited for so long.

        If requests have waited longer and longer, up to the limit, those behind them
        would too: then the queue is cleared. After a pause, such as a restart of the
        database, the queue is long just once, and the rest of it can be served.
        """
        limit = settings.QUEUE_SECONDS
        is_late = bool(waited > (limit / 5 if self.is_too_long else limit))
        if is_late:
            self.is_too_long = self.is_too_long or self.waited > limit / 2
        else:
            self.waited, self.is_too_long = waited, False
        return is_late


class Gate:
    """A WSGI application in front of others: `front`, or `django` to refuse."""

    def __init__(self, *, front: Any, django: Any) -> None:
        self.front, self.django = front, django
        self.queues: dict[str, Queue] = defaultdict(Queue)
        # The time that this process took to start is not the fault of the queue.
        self.since = time()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        arrived, path = arrival_of(environ), environ.get("PATH_INFO", "")
        if not arrived or path in PROBES:
            return self.front(environ, start_response)  # type: ignore[no-any-return]
        door = registry.door_of(path)
        waited = time() - max(arrived, self.since)
        is_late = waited < LONGEST and self.queues[door.source].is_late(waited)
        # A program without an answer will ask again, but a person may have saved a form
        # and closed the page: that takes effect, unless it is late.
        is_form = door.errors == "page" and environ["REQUEST_METHOD"] not in SAFE
        if (is_late or not is_form) and has_left(connection_of(environ)):
            metrics.count_left_out(source=door.source, reason="left")
            start_response("499 Client Closed Request", [("Content-Length", "0")])
            return []
        if is_late:
            metrics.count_left_out(source=door.source, reason="late")
            environ[LATE] = True
            return self.django(environ, start_response)  # type: ignore[no-any-return]
        return self.front(environ, start_response)  # type: ignore[no-any-return]


def arrival_of(environ: Environ) -> float:
    """Return when nginx passed the request on; 0 if it did not come from nginx."""
    header = environ.pop(HEADER, "")
    text = environ.get(VARIABLE) or (header if environ.get(BY_PROXY) else "")
    with suppress(ValueError):
        return float(text)
    return 0


def connection_of(environ: Environ) -> int:
    """Return the descriptor of the connection to nginx; -1 if the server hides it."""
    if connection := environ.get("gunicorn.socket"):
        return int(connection.fileno())
    return int(uwsgi.connection_fd()) if uwsgi else -1


def has_left(connection: int) -> bool:
    """Return whether the other side has closed its connection, as nginx does then."""
    if connection < 0:
        return False
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


class RefuseLateRequests:
    """Middleware that refuses what has waited too long, without a session or a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return busy(request) if LATE in request.META else self.get_response(request)
