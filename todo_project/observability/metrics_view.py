"""/metrics: the counters of all processes, and gauges read at the time of a scrape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily

from core.registry import Gauge, registry
from todo_project.observability import metrics
from todo_project.observability.operator_token import has_operator_token


@require_safe
def scrape(request: HttpRequest) -> HttpResponse:
    """Return all metrics to clients with the operator token; 404 if none is set."""
    if not settings.OPERATOR_TOKEN:
        raise Http404
    if not has_operator_token(request):
        return HttpResponse(
            "Send the operator token: Authorization: Bearer …\n",
            status=401,
            content_type="text/plain; charset=utf-8",
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    return HttpResponse(
        generate_latest(AllMetrics()),
        content_type=CONTENT_TYPE_PLAIN_0_0_4,
        headers={"Cache-Control": "no-store"},
    )


class AllMetrics:
    """A collector of all metrics, as prometheus_client expects one."""

    def collect(self) -> Iterable[Metric]:
        return chain(metrics.collect(), current_gauges(timezone.now()))


def current_gauges(now: datetime) -> Iterator[Metric]:
    """Yield the gauges that are read now; those that cannot be read are left out."""
    release: dict[str, float] = {settings.RELEASE: 1}
    yield as_metric(
        Gauge("release_info", "The release that responds", release, "version")
    )
    yield from map(as_metric, registry.gauges(now))


def as_metric(gauge: Gauge) -> Metric:
    """Return the gauge as a Prometheus metric, with one sample per label value."""
    labels = [gauge.label] if gauge.label else []
    family = GaugeMetricFamily(f"todo_{gauge.name}", gauge.description, labels=labels)
    samples = gauge.value if isinstance(gauge.value, Mapping) else {None: gauge.value}
    for key, sample in samples.items():
        family.add_metric([key] if key is not None else [], sample)
    return family
