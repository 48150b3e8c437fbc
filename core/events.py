"""The only writer of the event log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import Model, QuerySet

from core.append_only import events_open
from core.db.bulk import write_rows
from core.models import Changes, Event, Source
from core.registry import registry
from core.users import User

REDACTED = "[redacted]"
BATCH = 1000


@dataclass(frozen=True)
class Origin:
    """Where the current work comes from: its source, and the id of the request.

    `has_plain_body`: a program has sent content that TLS alone protected on its way.
    """

    source: str = Source.SYSTEM
    request_id: str = ""
    has_plain_body: bool = False


UNKNOWN = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=UNKNOWN)


@contextmanager
def origin(
    source: str, request_id: str = "", *, has_plain_body: bool = False
) -> Iterator[None]:
    """Set the origin of every event recorded inside the block."""
    token = _origin.set(Origin(source, request_id, has_plain_body))
    try:
        yield
    finally:
        _origin.reset(token)


def current_origin() -> Origin:
    return _origin.get()


def note_decrypted_body() -> None:
    """Note that the content of the request was encrypted by its sender."""
    _origin.set(replace(_origin.get(), has_plain_body=False))


@dataclass(frozen=True)
class Entry:
    """One change to record: what happened to which row, in which stream."""

    verb: str
    target: Model
    changes: Changes = field(default_factory=dict)
    stream_id: UUID | None = None
    seq: int | None = None


def record(
    *, actor: User | None, verb: str, target: Model, changes: Changes, at: datetime
) -> None:
    """Record one change of a row that belongs to no stream."""
    record_many(actor=actor, entries=[Entry(verb, target, changes)], at=at)


def record_many(*, actor: User | None, entries: Iterable[Entry], at: datetime) -> None:
    """Record changes in the transaction that makes them."""
    if not connection.in_atomic_block:
        raise RuntimeError("Events must be recorded in the transaction of the change.")
    events = [make_event(actor, entry, at) for entry in entries]
    write_rows(events)


def redact(*, resource_type: str, ids: Collection[UUID]) -> None:
    """Remove the content from the events of purged rows."""
    _redact(
        Event.objects.filter(
            resource_type=resource_type, resource_id__in=[str(pk) for pk in ids]
        )
    )


def redact_stream(stream_id: UUID) -> None:
    """Remove the content from all events of a stream whose rows were purged."""
    _redact(Event.objects.filter(stream_id=stream_id))


def redact_actor(*, actor_id: UUID, label: str) -> None:
    """Replace the name of a removed person in the events of their actions."""
    with events_open():
        Event.objects.filter(actor_id=actor_id).update(actor_label=label)


def prune(*, before: datetime) -> int:
    """Delete the events before a moment; return how many there were."""
    old = Event.objects.filter(at__lt=before)
    with events_open():
        return old._raw_delete(using=old.db)


def _redact(events: QuerySet[Event]) -> None:
    rows = events.only("pk", "changes").iterator(chunk_size=BATCH)
    with events_open():
        while batch := list(islice(rows, BATCH)):
            for event in batch:
                event.changes = {name: [REDACTED, REDACTED] for name in event.changes}
            Event.objects.bulk_update(batch, ["changes"], batch_size=100)


def make_event(actor: User | None, entry: Entry, at: datetime) -> Event:
    """Return the unsaved event, with the current origin."""
    current = _origin.get()
    kind = registry.event_type(entry.verb)
    if unknown := entry.changes.keys() - kind.subject.recorded:
        raise ImproperlyConfigured(f"{entry.verb} does not declare {sorted(unknown)}.")
    return Event(
        at=at,
        actor_id=actor.pk if actor else None,
        actor_label=actor.username if actor else "",
        source=current.source,
        request_id=current.request_id,
        verb=entry.verb,
        resource_type=kind.subject.name,
        resource_id=str(entry.target.pk),
        stream_id=entry.stream_id,
        seq=entry.seq,
        changes=entry.changes,
    )
