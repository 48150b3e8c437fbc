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


def expired_answers(before: datetime) -> QuerySet[IdempotentAnswer]:
    """Return the stored responses that are too old to be replayed."""
    return IdempotentAnswer.objects.filter(created_at__lt=before)


def delete_in_batches(rows: QuerySet[Any]) -> Iterator[int]:
    """Delete rows without recording events; yield the size of each batch."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    while batch := list(keys[:BATCH]):
        # Filter again: a row may have been renewed since, such as a session in use.
        rows.filter(pk__in=batch).delete()
        yield len(batch)


def prune_events(*, before: datetime, now: datetime) -> Iterator[int]:
    """Delete the events before a moment; yield how many each transaction deleted.

    An event.pruned event with the moment and the number is recorded first, so that it
    exists even if the run is interrupted.
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
    """Return the end of the next batch of events; None if there are no more."""
    old = Event.objects.filter(at__lt=before).order_by("at", "pk")
    moments = old.values_list("at", flat=True)
    oldest = moments.first()
    if oldest is None:
        return None
    bound = next(iter(moments[BATCH : BATCH + 1]), before)
    if bound > oldest:
        return bound
    # One moment has more events than a batch: delete them together.
    return moments.filter(at__gt=oldest).first() or before
