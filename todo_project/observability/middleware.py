"""The middleware that measures requests: metrics, log lines, Server-Timing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

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
# Requested every few seconds, or by every page: logged only if they fail.
QUIET_ROUTES = {"livez", "readyz", "metrics", "static"}
# Users with these permissions can already see more than timings could reveal.
TIMING_PERMISSIONS = ("core.view_event", "accounts.change_role")


class RequestMetricsMiddleware:
    """Measure every request, count it and log it."""

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
        user = user_of(request)
        log_answer(
            method=request.method or "",
            route=route,
            path=request.path,
            status=response.status_code,
            seconds=seconds,
            timing=timing,
            user=user.pk if user else None,
        )
        if may_see_timings(request, response, user):
            response.headers["Server-Timing"] = server_timing(seconds, timing)
        return response


def route_of(request: HttpRequest) -> str:
    """Return the name of the URL pattern, which has few values, unlike the path."""
    if request.resolver_match:
        return request.resolver_match.view_name
    return "static" if request.path.startswith(settings.STATIC_URL) else "unmatched"


def user_of(request: HttpRequest) -> User | None:
    """Return the signed-in user, if the view has loaded it; do not query for it."""
    user: Any = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return None
    return user if user is not None and user.is_authenticated else None


def log_answer(
    *,
    method: str,
    route: str,
    path: str,
    status: int,
    seconds: float,
    timing: Timing,
    user: UUID | None,
    **more: object,
) -> None:
    """Log a request if LOG_REQUESTS is set, and again if it was slow."""
    ms, limit = seconds * 1000, settings.SLOW_REQUEST_MS
    is_slow = bool(limit) and ms >= limit
    is_logged = settings.LOG_REQUESTS and (route not in QUIET_ROUTES or status >= 400)
    if not (is_slow or is_logged):
        return
    fields = {
        "method": method,
        "route": route,
        "path": path,
        "status": status,
        "ms": round(ms, 1),
        "db_ms": round(timing.database * 1000, 1),
        "queries": timing.statements,
        "user": user,
    } | more
    if is_logged:
        logger.info("request", extra=fields)
    if is_slow:
        logger.warning("slow request", extra=fields)


def may_see_timings(
    request: HttpRequest, response: HttpResponseBase, user: User | None
) -> bool:
    """Return whether the client may see timings, which could reveal hidden data.

    Refusals never have timings: they would reveal how many rows were searched.
    """
    if has_operator_token(request):
        return True
    if user is None or response.status_code >= 400:
        return False
    try:
        return user.has_perms(TIMING_PERMISSIONS)
    except Error:
        return False


def server_timing(seconds: float, timing: Timing) -> str:
    """Return the header value (W3C Server Timing) with durations in milliseconds."""
    parts = [
        f"total;dur={seconds * 1000:.1f}",
        f'db;dur={timing.database * 1000:.1f};desc="{timing.statements} queries"',
    ]
    if timing.cache_calls:
        calls = f'{timing.cache_calls} calls"'
        parts.append(f'cache;dur={timing.cache * 1000:.1f};desc="{calls}')
    return ", ".join(parts)
