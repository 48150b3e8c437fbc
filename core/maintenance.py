"""Deletion of expired rows, in small transactions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from core import events
from core.models import Event, IdempotentAnswer, Installation

BATCH = 1000


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

    An event of its own records the moment and the number. It comes first, so that even
    an interrupted run is recorded.
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
