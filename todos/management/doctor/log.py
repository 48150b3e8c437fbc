"""Checks of the event log: no number is missing, and rows agree with their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet

from core.db.bulk import in_batches
from core.models import Event, Recorded
from core.registry import DoctorCheck, RowCounter
from todos.management.doctor.replay import Drift
from todos.models import Attachment, Comment, Label, Membership, Todo, TodoList

STREAMS = 1000  # checked together
# The times of events may differ from the order of their numbers by a request.
SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class Stream:
    """The numbers of a list's events."""

    id: UUID
    count: int
    first: int
    last: int


def pruned_before() -> datetime | None:
    """Return the moment before which events were pruned; None if none were."""
    latest = Event.objects.filter(verb="event.pruned").order_by("-at", "-pk").first()
    return datetime.fromisoformat(latest.changes["before"][1]) if latest else None


def find_gaps(counter: RowCounter) -> Iterator[str]:
    horizon = pruned_before()
    ids = list(_streams(Event.objects.all()))
    for start in range(0, len(ids), STREAMS):
        batch = ids[start : start + STREAMS]
        lists = TodoList.objects.in_bulk([stream.id for stream in batch])
        for stream in batch:
            if list(_problems(stream, lists.get(stream.id), horizon)):
                yield from _confirm(stream.id, horizon)
        counter.add(len(batch))


def find_lists_without_events(_counter: RowCounter) -> Iterator[str]:
    horizon = pruned_before()
    events = Event.objects.filter(stream_id=OuterRef("pk"))
    for todo_list in TodoList.objects.exclude(Exists(events)).order_by("pk").iterator():
        if horizon is None or todo_list.created_at >= horizon:
            yield f"List {todo_list.pk} has no events."


def find_lost_todos(counter: RowCounter) -> Iterator[str]:
    """Yield the todos that were created, never purged, and do not exist."""
    created = Event.objects.filter(verb="todo.created").only("pk", "resource_id")
    for batch in in_batches(created):
        ids = {event.resource_id for event in batch}
        found = Todo.with_trash.filter(pk__in=ids).values_list("pk", flat=True)
        missing = ids - {str(pk) for pk in found}
        if missing:
            for pk in sorted(missing - _purged(missing)):
                yield f"Todo {pk} was created and never purged, but does not exist."
        counter.add(len(batch))


def _purged(ids: set[str]) -> set[str]:
    events = Event.objects.filter(
        resource_type="todo", resource_id__in=ids, verb="todo.purged"
    )
    return set(events.values_list("resource_id", flat=True))


def _streams(events: QuerySet[Event]) -> Iterator[Stream]:
    rows = (
        events.exclude(seq=None)  # other apps have streams without numbers
        .order_by("stream_id")
        .values_list("stream_id")
        .annotate(Count("seq"), Min("seq"), Max("seq"))
    )
    for row in rows:
        yield Stream(*row)


def _problems(
    stream: Stream, todo_list: TodoList | None, horizon: datetime | None
) -> Iterator[str]:
    missing = stream.last - stream.first + 1 - stream.count
    if missing:
        yield f"List {stream.id}: events are missing in the middle: {missing}."
    if stream.first > 1 and horizon is None:
        yield f"List {stream.id}: events are missing at the start: {stream.first - 1}."
    if todo_list is not None and todo_list.revision != stream.last:
        yield (
            f"List {stream.id} has revision {todo_list.revision}, "
            f"but its last event has number {stream.last}."
        )


@transaction.atomic
def _confirm(stream_id: UUID, horizon: datetime | None) -> list[str]:
    """Check again with the list locked, so that nothing changes in between."""
    todo_list = TodoList.objects.select_for_update().filter(pk=stream_id).first()
    events = Event.objects.filter(stream_id=stream_id)
    if horizon is not None:
        events = events.filter(seq__gte=_first_after_pruning(events, horizon))
    return [
        problem
        for stream in _streams(events)
        for problem in _problems(stream, todo_list, horizon)
    ]


def _first_after_pruning(events: QuerySet[Event], horizon: datetime) -> int:
    """Return the first number after all gaps that pruning has left."""
    oldest = events.filter(at__lt=horizon + SLACK).order_by("seq")
    numbers = [seq or 0 for seq in oldest.values_list("seq", flat=True)]
    if numbers:
        later = events.filter(seq__gt=numbers[-1]).aggregate(next=Min("seq"))
        numbers.append(later["next"] or numbers[-1] + 1)
    gaps = (after for before, after in pairwise(numbers) if after != before + 1)
    return max(gaps, default=0)


def _drift(resource_type: str, model: type[Recorded]) -> DoctorCheck:
    def find(counter: RowCounter) -> Iterator[str]:
        return Drift(resource_type, model, pruned_before()).find(counter)

    return DoctorCheck(f"{resource_type}-events", find, size=model._base_manager.count)


def _count_created() -> int:
    return Event.objects.filter(verb="todo.created").count()


CHECKS = (
    DoctorCheck("numbers", find_gaps),
    DoctorCheck("silence", find_lists_without_events),
    DoctorCheck("losses", find_lost_todos, size=_count_created),
    _drift("list", TodoList),
    _drift("membership", Membership),
    _drift("label", Label),
    _drift("comment", Comment),
    _drift("attachment", Attachment),
    _drift("todo", Todo),
)
