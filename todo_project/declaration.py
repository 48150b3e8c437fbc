"""The project's declaration: checks and gauges of Redis, as cache and as broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.conf import settings
from redis import RedisError

from core.registry import Declaration, Gauge, ReadinessCheck, Unready
from todo_project.redis import ask_once

QUEUE = "celery"  # Celery's name for the one queue


def readiness_checks() -> list[ReadinessCheck]:
    urls = {"cache": settings.REDIS_URL, "broker": settings.BROKER_URL}
    return [
        ReadinessCheck(name, partial(require_redis, url))
        for name, url in urls.items()
        if url
    ]


def require_redis(url: str) -> None:
    """Write a key: a Redis that is full can still be read."""
    try:
        with ask_once(url) as client:
            client.set("todo:readyz", 1, ex=1)
    except RedisError as error:
        raise Unready(str(error)) from error


def gauges(_now: datetime) -> Iterator[Gauge]:
    depth = queue_depth()
    if depth is not None:
        yield Gauge("queue_depth", "Tasks waiting for a worker", depth)


def queue_depth() -> int | None:
    """Return how many tasks wait; None without a broker or if it does not respond."""
    if not settings.BROKER_URL:
        return None
    try:
        with ask_once(settings.BROKER_URL) as broker:
            return int(broker.llen(QUEUE))
    except RedisError:
        return None


DECLARATION = Declaration(
    app="todo_project", readiness_checks=readiness_checks, gauges=gauges
)
