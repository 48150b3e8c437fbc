"""Regular clean-up of keys and sessions, in small transactions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import ApiKey
from core import events
from core.maintenance import BATCH
from core.models import StoredSecret

DAYS_OF_DEAD_KEYS = 30  # how long they remain in their owner's list


def dead_keys(before: datetime) -> QuerySet[ApiKey]:
    """Return the keys that were revoked, or expired, before a moment."""
    return ApiKey.objects.filter(Q(revoked_at__lt=before) | Q(expires_at__lt=before))


def remove_dead_keys(*, before: datetime, now: datetime) -> Iterator[int]:
    """Delete `dead_keys`; each step is a transaction and yields how many it deleted."""
    while removed := _remove_keys(before, now):
        yield removed


def expired_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=now)


@transaction.atomic
def _remove_keys(before: datetime, now: datetime) -> int:
    dead = dead_keys(before).select_for_update(of=("self",))
    batch = list(dead.order_by("pk")[:BATCH])
    events.record_many(
        actor=None,
        at=now,
        entries=[
            events.Entry("apikey.removed", key, key.deleted_changes()) for key in batch
        ],
    )
    ApiKey.objects.filter(pk__in=[key.pk for key in batch]).delete()
    secrets = [key.secret_id for key in batch if key.secret_id is not None]
    StoredSecret.objects.filter(pk__in=secrets).delete()
    return len(batch)
