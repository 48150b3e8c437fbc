"""Housekeeping of what has served its time, in steps that lock little for long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import events
from accounts.models import ApiKey, Event, IdempotentAnswer, Installation

BATCH = 1000
DAYS_OF_DEAD_KEYS = 30  # that they stay in their owner's list


def dead_keys(before: datetime) -> QuerySet[ApiKey]:
    """Return the keys that were revoked, or expired, before a moment."""
    return ApiKey.objects.filter(Q(revoked_at__lt=before) | Q(expires_at__lt=before))


def remove_dead_keys(*, before: datetime, now: datetime) -> Iterator[int]:
    """Delete what `dead_keys` names; yield how many each transaction took."""
    while removed := _remove_keys(before, now):
        yield removed


def expired_sessions(now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(expire_date__lt=now)


def old_answers(before: datetime) -> QuerySet[IdempotentAnswer]:
    """Return the answers that no retry may ask for any more."""
    return IdempotentAnswer.objects.filter(created_at__lt=before)


def delete_in_batches(rows: QuerySet[Any]) -> Iterator[int]:
    """Delete rows that leave no event; yield how many each statement took."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    while batch := list(keys[:BATCH]):
        # What was written since has another age: a session that went on, say.
        rows.filter(pk__in=batch).delete()
        yield len(batch)


def prune_events(*, before: datetime, now: datetime) -> Iterator[int]:
    """Delete the events older than a moment; yield how many each transaction took.

    What is left tells until when and how many: an event of its own comes first, so
    that even an interrupted run is told of.
    """
    count = Event.objects.filter(at__lt=before).count()
    if not count:
        return
    with transaction.atomic():
        events.record(
            actor=None,
            verb="event.pruned",
            target=Installation.objects.get(),
            changes={"before": [None, before.isoformat()], "count": [None, count]},
            at=now,
        )
    while (until := _next_bound(before)) is not None:
        yield events.prune(before=until)


@transaction.atomic
def _remove_keys(before: datetime, now: datetime) -> int:
    dead = dead_keys(before).select_for_update(of=("self",))
    batch = list(dead.order_by("pk")[:BATCH])
    events.record_many(
        actor=None,
        at=now,
        entries=[events.Entry("apikey.removed", key, key.as_gone()) for key in batch],
    )
    ApiKey.objects.filter(pk__in=[key.pk for key in batch]).delete()
    return len(batch)


def _next_bound(before: datetime) -> datetime | None:
    """Return a moment before which there are some events, but few enough for one go."""
    old = Event.objects.filter(at__lt=before).order_by("at", "pk")
    moments = old.values_list("at", flat=True)
    oldest = moments.first()
    if oldest is None:
        return None
    bound = next(iter(moments[BATCH : BATCH + 1]), before)
    if bound > oldest:
        return bound
    # More events of one moment than a batch holds: they go together.
    return moments.filter(at__gt=oldest).first() or before
