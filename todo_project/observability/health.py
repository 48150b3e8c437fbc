"""Liveness and readiness: /livez and /readyz."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import cache
from threading import Lock

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.views.decorators.http import require_safe

from core.api.problems import BUSY_SECONDS
from core.health import require_writes
from core.registry import ReadinessCheck, Unready, registry
from core.timeouts import PROBE_TIMEOUT, answer_timeout
from todo_project.observability.operator_token import has_operator_token

logger = logging.getLogger(__name__)

Causes = dict[str, str | None]
GetResponse = Callable[[HttpRequest], HttpResponseBase]

CACHE_SECONDS = 1.0  # seconds for which a process answers with the same result

VITAL = ("database", "migrations", "writes")

_last_causes: Causes = {}
_lock = Lock()
_found: tuple[float, Causes] | None = None


class ProbeMiddleware:
    """Answer probes before the host is checked: probes use IP addresses."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in {"/livez", "/readyz"}:
            return self.get_response(request)
        request.resolver_match = resolve(request.path_info)
        answer: HttpResponse = request.resolver_match.func(request)
        answer.headers["Cache-Control"] = "no-store"
        return answer


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Respond while the process serves requests; no other part is checked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Return the state of every part; operators also see the causes of failures.

    Without a database that can be read and written the service is unavailable (503).
    Without any other part it keeps serving, perhaps more slowly, and scheduled tasks
    may be delayed.
    """
    causes = current_causes()
    is_served = not any(causes[name] != "" for name in VITAL)
    status = "degraded" if any(causes.values()) else "ok"
    body: dict[str, object] = {
        "status": status if is_served else "unavailable",
        "checks": {name: state_of(cause) for name, cause in causes.items()},
    }
    if has_operator_token(request):
        body["causes"] = {name: cause for name, cause in causes.items() if cause}
    if is_served:
        return JsonResponse(body)
    return JsonResponse(body, status=503, headers={"Retry-After": str(BUSY_SECONDS)})


def current_causes() -> Causes:
    """Return the causes as they were found within the last second.

    Probes cost statements and writes, so many of them share one result.
    """
    global _found
    with _lock:
        if _found is None or time.monotonic() >= _found[0] + CACHE_SECONDS:
            with answer_timeout(PROBE_TIMEOUT):
                causes = find_causes()
            log_changes(causes)
            _found = (time.monotonic(), causes)
        return _found[1]


def find_causes() -> Causes:
    """Return each part's cause of failure: "" if it works, None if it is unknown."""
    by_name = {check.name: check for check in checks()}

    @cache
    def find(name: str) -> str | None:
        check = by_name[name]
        needs = [need for need in check.needs if need in by_name]
        is_known = all(find(need) == "" for need in needs)
        return cause_of(check) if is_known else None

    return {name: find(name) for name in by_name}


def checks() -> Iterator[ReadinessCheck]:
    """Yield the checks of this installation, the database first."""
    yield ReadinessCheck("database", check_database)
    yield ReadinessCheck("migrations", check_migrations, ("database",))
    yield ReadinessCheck("writes", require_writes, ("database", "migrations"))
    yield from registry.readiness_checks()


def cause_of(check: ReadinessCheck) -> str:
    """Return in one line why the check fails; an empty string if it succeeds."""
    try:
        check.run()
    except (Unready, Error, OSError) as error:
        return str(error).strip().partition("\n")[0] or type(error).__name__
    return ""


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    applied = MigrationRecorder(connection).applied_migrations()
    if missing := newest_migrations() - applied.keys():
        names = ", ".join(sorted(".".join(name) for name in missing))
        raise Unready(f"not applied: {names}")


def state_of(cause: str | None) -> str:
    if cause is None:
        return "unknown"
    return "failed" if cause else "ok"


def log_changes(causes: Causes) -> None:
    """Log each part whose state differs from this process's previous check."""
    for name, cause in causes.items():
        if cause != _last_causes.get(name, ""):
            level = logging.INFO if cause == "" else logging.WARNING
            fields = {"part": name, "state": state_of(cause), "cause": cause}
            logger.log(level, "readiness changed", extra=fields)
    _last_causes.update(causes)


@cache
def newest_migrations() -> set[tuple[str, str]]:
    """Return the app and name of each app's last migrations in this release."""
    return set(MigrationLoader(None).graph.leaf_nodes())
