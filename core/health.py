"""Readiness and metrics of background processes and scheduled tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from math import inf

from django.conf import settings
from django.db import Error, transaction
from django.utils import timezone

from core.models import Heartbeat, Installation, TaskSchedule
from core.models.heartbeats import PROBE, TICK
from core.registry import Gauge, ReadinessCheck, Unready, registry
from core.timeouts import PROBE_TIMEOUT, answer_timeout

FRESH = timedelta(seconds=40)  # heartbeats are sent every five to ten seconds


def readiness_checks() -> list[ReadinessCheck]:
    """Return a check for each process that should run in this installation."""
    # Heartbeats are writes. The worker writes its own when it receives a tick, which
    # beat sends through the broker.
    written = ("database", "migrations", "writes")
    if not settings.BROKER_URL:
        run = partial(require_heartbeat, "background")
        return [ReadinessCheck("background", run, written)]
    return [
        ReadinessCheck("beat", partial(require_heartbeat, "beat"), written),
        ReadinessCheck("worker", require_worker, (*written, "broker", "beat")),
    ]


def require_heartbeat(name: str) -> None:
    if not Heartbeat.objects.is_alive(name, timezone.now(), within=FRESH):
        raise Unready(f"no heartbeat for {FRESH.seconds} s")


def require_worker() -> None:
    """Raise Unready if the worker does not answer ticks.

    Its heartbeat alone is not enough: it also becomes old if beat stops.
    """
    now = timezone.now()
    since = Heartbeat.objects.unanswered_since(now)
    if since is not None and now - since > FRESH:
        raise Unready(f"no answer to a tick for {FRESH.seconds} s")


def require_writes() -> None:
    """Write a row: a database whose disk is full can still be read."""
    with transaction.atomic():
        Heartbeat.objects.beat(PROBE, timezone.now())


def gauges(now: datetime) -> Iterator[Gauge]:
    """Yield whether the database answers and, if so, the gauges of background work."""
    try:
        with answer_timeout(PROBE_TIMEOUT):
            found = [heartbeat_age(now), task_lag(now), backup_age(now)]
    except Error:
        found = []
    yield Gauge("database_up", "1 if the database answers", bool(found))
    yield from found


def heartbeat_age(now: datetime) -> Gauge:
    processes = Heartbeat.objects.exclude(name__in=(PROBE, TICK))
    heartbeats = processes.values_list("name", "at")
    # A heartbeat in the future dates from before the clock was set back: it is old.
    ages = {name: abs((now - at).total_seconds()) for name, at in heartbeats}
    about = "Time since the last heartbeat of a process"
    return Gauge("heartbeat_age_seconds", about, ages, "name")


def task_lag(now: datetime) -> Gauge:
    slots = dict(TaskSchedule.objects.values_list("name", "slot"))
    lags = {
        name: (task.schedule.latest_slot(now) - slots[name]).total_seconds()
        for name, task in registry.tasks.items()
        if name in slots
    }
    about = "Time from the slot a scheduled task completed last to its latest slot"
    return Gauge("task_lag_seconds", about, lags, "task")


def backup_age(now: datetime) -> Gauge:
    done_at = Installation.objects.values_list("backed_up_at", flat=True).first()
    age = abs((now - done_at).total_seconds()) if done_at else inf
    return Gauge("backup_age_seconds", "Age of the last backup; +Inf without one", age)
