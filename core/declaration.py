"""The kernel's declaration: the event log, and admin pages as the default door."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from core.health import gauges, readiness_checks
from core.models import Event, Source
from core.registry import Declaration, DoctorCheck, Door, Resource, Subject
from core.schedules import Every, ScheduledTask


def doctor_checks() -> Iterable[DoctorCheck]:
    from core.management.doctor import folded, installation, secrets

    return (*installation.CHECKS, *folded.CHECKS, *secrets.CHECKS)


DECLARATION = Declaration(
    app="core",
    api_urls="core.urls",
    urls="core.root_urls",
    resources=[
        Resource("events", "The log of every change.", _("events"), is_read_only=True)
    ],
    subjects=[
        Subject(
            "event",
            Event,
            {"pruned": _("pruned")},
            fields=("before", "count"),
            labels={"before": _("until"), "count": _("count")},
        )
    ],
    readiness_checks=readiness_checks,
    doctor_checks=doctor_checks,
    gauges=gauges,
    grants={"auditor": frozenset({"core.view_event"})},
    doors=[
        Door("/", Source.ADMIN, Source.ADMIN.label),
        Door("/.well-known/", Source.API, Source.API.label, errors="problem"),
    ],
    tasks=[
        ScheduledTask(
            "core.tasks.worker_heartbeat",
            Every(timedelta(seconds=10)),
            keeps_slot=False,
        )
    ],
)
