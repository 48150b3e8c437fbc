"""Is it alive, and is it ready?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache, partial

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis import RedisError

from accounts.models import Heartbeat
from todo_project.operators import has_operator_token
from todo_project.patience import PROBE, patient_for
from todo_project.problems import BUSY_SECONDS
from todo_project.redis import ask_once

logger = logging.getLogger(__name__)

FRESH = timedelta(seconds=40)  # a sign of life comes every five to ten seconds
TOLD_BY_DATABASE = {"migrations", "beat", "worker", "background"}
Causes = dict[str, str | None]
Check = Callable[[], None]
GetResponse = Callable[[HttpRequest], HttpResponseBase]


_found: Causes = {}


class Unready(Exception):
    """A part is not as it should be; the message tells an operator why."""


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
    with patient_for(PROBE):
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
    for name, check in checks():
        is_told = name in TOLD_BY_DATABASE and causes["database"]
        causes[name] = None if is_told else cause_of(check)
    return causes


def checks() -> Iterator[tuple[str, Check]]:
    """Yield the parts of this installation, each with what raises where it fails."""
    yield "database", check_database
    yield "migrations", check_migrations
    if settings.REDIS_URL:
        yield "cache", partial(check_redis, settings.REDIS_URL)
    if settings.BROKER_URL:
        yield "broker", partial(check_redis, settings.BROKER_URL)
        yield "beat", partial(check_life, "beat")
        yield "worker", partial(check_life, "worker")
    else:
        yield "background", partial(check_life, "background")


def cause_of(check: Check) -> str:
    """Return why the check fails, in one line; nothing if it does not."""
    try:
        check()
    except (Unready, Error, RedisError, OSError) as error:
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


def check_redis(url: str) -> None:
    """Write, as reading goes on when it is full."""
    with ask_once(url) as client:
        client.set("todo:readyz", 1, ex=1)


def check_life(name: str) -> None:
    if not Heartbeat.objects.is_alive(name, timezone.now(), within=FRESH):
        raise Unready(f"no sign of life for {FRESH.seconds} s")


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
