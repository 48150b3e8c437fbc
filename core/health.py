"""How the kernel reports the health of background processes: by their heartbeats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import Error
from django.utils import timezone

from core.db.connections import PROBE, patient_for
from core.models import Heartbeat
from core.registry import Gauge, ReadinessCheck, Unready

FRESH = timedelta(seconds=40)  # a heartbeat comes every five to ten seconds


def readiness_checks() -> list[ReadinessCheck]:
    """Return a check for each process that should run in this installation."""
    names = ("beat", "worker") if settings.BROKER_URL else ("background",)
    return [
        ReadinessCheck(name, partial(require_heartbeat, name), asks_database=True)
        for name in names
    ]


def require_heartbeat(name: str) -> None:
    if not Heartbeat.objects.is_alive(name, timezone.now(), within=FRESH):
        raise Unready(f"no heartbeat for {FRESH.seconds} s")


def gauges(now: datetime) -> Iterator[Gauge]:
    """Yield whether the database answers, and if so the age of each heartbeat."""
    ages = heartbeat_ages(now)
    yield Gauge("database_up", "1 if the database answers", ages is not None)
    if ages is not None:
        about = "Time since the last heartbeat, or run of a scheduled task"
        yield Gauge("heartbeat_age_seconds", about, ages, "name")


def heartbeat_ages(now: datetime) -> dict[str, float] | None:
    """Return the age in seconds of each heartbeat; None if the database is down."""
    try:
        with patient_for(PROBE):
            heartbeats = dict(Heartbeat.objects.values_list("name", "at"))
    except Error:
        return None
    # A heartbeat far ahead is of a clock that was set back: as good as an old one.
    return {name: abs((now - at).total_seconds()) for name, at in heartbeats.items()}
