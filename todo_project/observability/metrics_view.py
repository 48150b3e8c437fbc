"""/metrics: what the processes counted, and what the parts say of themselves now."""

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
    yield gauge(Gauge("release_info", "The release that answers", release, "version"))
    yield from map(gauge, registry.gauges(now))


def gauge(read: Gauge) -> Metric:
    """Return the metric of Prometheus, with a sample for each label's value."""
    labels = [read.label] if read.label else []
    family = GaugeMetricFamily(f"todo_{read.name}", read.description, labels=labels)
    samples = read.value if isinstance(read.value, Mapping) else {None: read.value}
    for key, sample in samples.items():
        family.add_metric([key] if key is not None else [], sample)
    return family
