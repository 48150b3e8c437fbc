"""Is it alive, and is it ready?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import cache

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.views.decorators.http import require_safe

from core.api.problems import BUSY_SECONDS
from core.registry import ReadinessCheck, Unready, registry
from core.timeouts import PROBE_TIMEOUT, answer_timeout
from todo_project.observability.operator_token import has_operator_token

logger = logging.getLogger(__name__)

Causes = dict[str, str | None]
GetResponse = Callable[[HttpRequest], HttpResponseBase]


_found: Causes = {}


class ProbeMiddleware:
    """Answer probes before names are looked at: they come by address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path not in {"/livez", "/readyz"}:
            return self.get_response(request)
        request.resolver_match = resolve(request.path)
        answer: HttpResponse = request.resolver_match.func(request)
        answer.headers["Cache-Control"] = "no-store"
        return answer


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process serves; it asks nothing of any other part."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Tell which parts are well; an operator learns why the others are not.

    Without the database nothing can be answered (503); without another part all goes
    on, if more slowly, and only what the clock starts may wait.
    """
    with answer_timeout(PROBE_TIMEOUT):
        causes = find_causes()
    tell_changes(causes)
    is_served = causes["database"] == causes["migrations"] == ""
    status = "degraded" if any(causes.values()) else "ok"
    body: dict[str, object] = {
        "status": status if is_served else "unavailable",
        "checks": {name: word_for(why) for name, why in causes.items()},
    }
    if has_operator_token(request):
        body["causes"] = {name: why for name, why in causes.items() if why}
    if is_served:
        return JsonResponse(body)
    return JsonResponse(body, status=503, headers={"Retry-After": str(BUSY_SECONDS)})


def find_causes() -> Causes:
    """Return by name of part why it fails: "" if it does not, None if nobody knows."""
    causes: Causes = {}
    for check in checks():
        is_unknown = check.asks_database and causes["database"]
        causes[check.name] = None if is_unknown else cause_of(check)
    return causes


def checks() -> Iterator[ReadinessCheck]:
    """Yield the parts of this installation, the database first."""
    yield ReadinessCheck("database", check_database)
    yield ReadinessCheck("migrations", check_migrations, asks_database=True)
    yield from registry.readiness_checks()


def cause_of(check: ReadinessCheck) -> str:
    """Return why the check fails, in one line; nothing if it does not."""
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


def word_for(why: str | None) -> str:
    if why is None:
        return "unknown"
    return "failed" if why else "ok"


def tell_changes(causes: Causes) -> None:
    """Log what is no longer as this process found it the last time."""
    for name, why in causes.items():
        if why != _found.get(name, ""):
            level = logging.INFO if why == "" else logging.WARNING
            fields = {"part": name, "state": word_for(why), "cause": why}
            logger.log(level, "readiness changed", extra=fields)
    _found.update(causes)


@cache
def newest_migrations() -> set[tuple[str, str]]:
    """Return app and name of the migrations that nothing in this release follows."""
    return set(MigrationLoader(None).graph.leaf_nodes())
