"""The declaration of bookmarks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from core.registry import (
    Declaration,
    DoctorCheck,
    Door,
    ReadinessCheck,
    Resource,
    Sample,
    Subject,
    every_operation,
)
from core.schedules import Every, ScheduledTask
from core.users import User
from tests.sample_app.health import require_space
from tests.sample_app.models import Bookmark


def readiness_checks() -> list[ReadinessCheck]:
    return [ReadinessCheck("uploads", require_space)]


def doctor_checks() -> Iterable[DoctorCheck]:
    from tests.sample_app.doctor import CHECKS

    return CHECKS


def first_steps(user: User, now: datetime) -> None:
    from tests.sample_app.sample import keep_first

    keep_first(user, now=now)


def sample() -> Sample:
    from tests.sample_app.sample import SAMPLE

    return SAMPLE


def streams_visible_to(user: User) -> frozenset[UUID]:
    return frozenset({user.pk})


DECLARATION = Declaration(
    app="bookmarks",
    api_urls="tests.sample_app.urls",
    urls="tests.sample_app.drop_urls",
    resources=[Resource("bookmarks", "Your bookmarks.")],
    subjects=[
        Subject(
            "bookmark",
            Bookmark,
            {"created": _("added"), "changed": _("changed"), "removed": _("removed")},
        )
    ],
    grants={"member": every_operation("bookmarks", "bookmark")},
    doors=[
        Door(
            "/drop/",
            "drop",
            _("drop"),
            errors="problem",
            authentication=(
                "accounts.authentication.ApiKeyAuthentication",
                "accounts.authentication.SignatureAuthentication",
                "accounts.authentication.SessionAuthentication",
            ),
            body_limit=10 * 1024 * 1024,
        )
    ],
    tasks=[
        ScheduledTask("tests.sample_app.tasks.remove_orphans", Every(timedelta(days=1)))
    ],
    readiness_checks=readiness_checks,
    doctor_checks=doctor_checks,
    first_steps=first_steps,
    sample=sample,
    streams_visible_to=streams_visible_to,
)
