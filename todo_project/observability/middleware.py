"""The middleware that watches requests: metrics, log, Server-Timing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject, empty

from accounts.models import User
from todo_project.observability import metrics
from todo_project.observability.operator_token import has_operator_token
from todo_project.observability.timing import Timing, measured

GetResponse = Callable[[HttpRequest], HttpResponseBase]

logger = logging.getLogger(__name__)

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# Asked every few seconds, or by every page: not worth a line unless they fail.
QUIET = {"livez", "readyz", "metrics", "static"}
# Who may read the log and give roles sees more than timings could tell.
OPERATES = ("core.view_event", "accounts.change_role")


class WatchMiddleware:
    """Measure every request and tell of it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        method = request.method if request.method in METHODS else "OTHER"
        with measured() as timing, metrics.request_in_flight(method):
            response = self.get_response(request)
        seconds, route = timing.total(), route_of(request)
        metrics.count_request(
            method=method,
            route=route,
            status=response.status_code,
            seconds=seconds,
            statements=timing.statements,
            database_seconds=timing.database,
        )
        person = person_of(request)
        tell(request, response, route, seconds, timing, person)
        if may_see_timings(request, response, person):
            response.headers["Server-Timing"] = server_timing(seconds, timing)
        return response


def route_of(request: HttpRequest) -> str:
    """Return the name of the address's pattern, of which there are only so many."""
    if request.resolver_match:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"


def person_of(request: HttpRequest) -> User | None:
    """Return who is signed in, if answering the request called for knowing it."""
    user: Any = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return None
    return user if user is not None and user.is_authenticated else None


def tell(
    request: HttpRequest,
    response: HttpResponseBase,
    route: str,
    seconds: float,
    timing: Timing,
    person: User | None,
) -> None:
    """Log the request if all are to be, and once more if it was slow."""
    ms, limit = seconds * 1000, settings.SLOW_REQUEST_MS
    is_slow = bool(limit) and ms >= limit
    is_news = settings.LOG_REQUESTS and (
        route not in QUIET or response.status_code >= 400
    )
    if not (is_slow or is_news):
        return
    fields = {
        "method": request.method,
        "route": route,
        "path": request.path,
        "status": response.status_code,
        "ms": round(ms, 1),
        "db_ms": round(timing.database * 1000, 1),
        "queries": timing.statements,
        "user": person.pk if person else None,
    }
    if is_news:
        logger.info("request", extra=fields)
    if is_slow:
        logger.warning("slow request", extra=fields)


def may_see_timings(
    request: HttpRequest, response: HttpResponseBase, person: User | None
) -> bool:
    """Tell whether timings are for this one: to others they would tell of secrets.

    Nor does a refusal tell who was refused how much there was to look at.
    """
    if has_operator_token(request):
        return True
    if person is None or response.status_code >= 400:
        return False
    try:
        return person.has_perms(OPERATES)
    except Error:
        return False


def server_timing(seconds: float, timing: Timing) -> str:
    """Return the header's value (W3C Server Timing); durations in milliseconds."""
    parts = [
        f"total;dur={seconds * 1000:.1f}",
        f'db;dur={timing.database * 1000:.1f};desc="{timing.statements} queries"',
    ]
    if timing.cache_calls:
        calls = f'{timing.cache_calls} calls"'
        parts.append(f'cache;dur={timing.cache * 1000:.1f};desc="{calls}')
    return ", ".join(parts)
