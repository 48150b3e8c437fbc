"""Leaves out work that came too late, so that a peak ends when its clients leave.

While all workers are busy, requests wait in the sockets of the app server. Their order
is that of arrival, so after a peak a worker would first compute answers that nobody
waits for. Here it asks two questions before anything else: how long has the request
waited, and has its client left?
"""

from __future__ import annotations

import select
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
# A client that has left wanted these for their answer alone. Other requests take effect
# unless they are late: a person who saves and closes the page expects that.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """A WSGI application in front of others: `front`, or `django` to refuse."""

    def __init__(self, *, front: Any, django: Any) -> None:
        self.front, self.django = front, django
        # The time that this process took to start is not the fault of the queue.
        self.since = time()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        arrived = arrival_of(environ)
        if not arrived:
            return self.front(environ, start_response)  # type: ignore[no-any-return]
        waited = time() - max(arrived, self.since)
        is_late = settings.QUEUE_SECONDS < waited < LONGEST
        is_safe = environ["REQUEST_METHOD"] in SAFE
        if (is_late or is_safe) and has_left(connection_of(environ)):
            count(environ, "left")
            start_response("499 Client Closed Request", [("Content-Length", "0")])
            return []
        if is_late:
            count(environ, "late")
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


def count(environ: Environ, reason: str) -> None:
    door = registry.door_of(environ.get("PATH_INFO", ""))
    metrics.count_left_out(source=door.source, reason=reason)


class RefuseLateRequests:
    """Middleware that refuses what has waited too long, without a session or a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return busy(request) if LATE in request.META else self.get_response(request)
