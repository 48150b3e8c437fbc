"""/metrics: what the processes counted, and what the parts say of themselves now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from redis import RedisError

from accounts.models import Heartbeat
from todo_project import metrics
from todo_project.operators import has_operator_token
from todo_project.patience import PROBE, patient_for
from todo_project.redis import ask_once

QUEUE = "celery"  # Celery's name for the one queue


@require_safe
def scrape(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus if it has the operator's token; without one, there is none."""
    if not settings.OPERATOR_TOKEN:
        raise Http404
    if not has_operator_token(request):
        return HttpResponse(
            "Send the operator's token: Authorization: Bearer …\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    return HttpResponse(
        generate_latest(Everything()),
        content_type=CONTENT_TYPE_PLAIN_0_0_4,
        headers={"Cache-Control": "no-store"},
    )


class Everything:
    """All metrics, as prometheus_client asks for them."""

    def collect(self) -> Iterable[Metric]:
        return chain(metrics.collect(), state(timezone.now()))


def state(now: datetime) -> Iterator[Metric]:
    """Yield what is read at this moment; what cannot be read is left out."""
    release: dict[str, float] = {settings.RELEASE: 1}
    yield gauge("release_info", "The release that answers", release, "version")
    ages = heartbeat_ages(now)
    yield gauge("database_up", "1 if the database answers", ages is not None)
    if ages is not None:
        described = "Time since the last heartbeat, or run of a scheduled task"
        yield gauge("heartbeat_age_seconds", described, ages, "name")
    depth = queue_depth()
    if depth is not None:
        yield gauge("queue_depth", "Tasks that wait for a worker", depth)


def gauge(
    name: str, told: str, value: float | dict[str, float], label: str = ""
) -> Metric:
    """Return a gauge of one value, or of one for each value of its label."""
    family = GaugeMetricFamily(f"todo_{name}", told, labels=[label] if label else [])
    samples = value if isinstance(value, dict) else {None: value}
    for key, sample in samples.items():
        family.add_metric([key] if key is not None else [], sample)
    return family


def heartbeat_ages(now: datetime) -> dict[str, float] | None:
    """Return the age in seconds of each heartbeat; None if the database is down."""
    try:
        with patient_for(PROBE):
            heartbeats = dict(Heartbeat.objects.values_list("name", "at"))
    except Error:
        return None
    # A heartbeat far ahead is of a clock that was set back: as good as an old one.
    return {name: abs((now - at).total_seconds()) for name, at in heartbeats.items()}


def queue_depth() -> int | None:
    """Return how many tasks wait; None without a broker, or when it does not answer."""
    if not settings.BROKER_URL:
        return None
    try:
        with ask_once(settings.BROKER_URL) as broker:
            return int(broker.llen(QUEUE))
    except RedisError:
        return None
