"""Metrics of requests, tasks and the cache, exposed to Prometheus at /metrics."""

from __future__ import annotations

from todo_project.observability.metrics.counting import (
    REGISTRY,
    count_cache_read,
    count_left_out,
    count_request,
    count_task,
    request_in_flight,
)
from todo_project.observability.metrics.sharing import collect, share

__all__ = [
    "REGISTRY",
    "collect",
    "count_cache_read",
    "count_left_out",
    "count_request",
    "count_task",
    "request_in_flight",
    "share",
]
