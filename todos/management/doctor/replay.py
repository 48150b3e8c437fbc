"""Replay the event log, and compare the result with the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.fields import NOT_PROVIDED

from core.db.bulk import in_batches
from core.events import REDACTED
from core.models import Changes, Event, Recorded
from core.registry import RowCounter
from todos.models import Todo, TodoList


@dataclass(frozen=True)
class Change:
    """The part of an event that a replay needs."""

    stream_id: UUID
    seq: int
    verb: str
    changes: Changes


def replay(events: Sequence[Change], stream_id: UUID) -> tuple[dict[str, Any], bool]:
    """Return the columns that a row's events set, and whether these are all columns.

    They are unless the first event was pruned.
    """
    state: dict[str, Any] = {}
    is_whole = False
    for event in _in_order(events, stream_id):
        if event.verb.endswith(".created"):
            state, is_whole = {}, True
        state |= {name: after for name, (_before, after) in event.changes.items()}
    return state, is_whole


def _in_order(events: Sequence[Change], stream_id: UUID) -> list[Change]:
    """Order the events since the row came to its list by their numbers there.

    Earlier ones, of other lists, keep the order of their ids.
    """
    arrivals = (e.seq for e in events if _arrives(e, stream_id))
    since = max(arrivals, default=0)
    recent = [e for e in events if e.stream_id == stream_id and e.seq >= since]
    recent.sort(key=lambda event: event.seq)
    if len(recent) == len(events):
        return recent
    return [e for e in events if e not in recent] + recent


def _arrives(event: Change, stream_id: UUID) -> bool:
    return event.stream_id == stream_id and event.verb.endswith(".moved_in")


class Drift:
    """Finds the rows of one model that differ from their events."""

    def __init__(
        self, resource_type: str, model: type[Recorded], horizon: datetime | None
    ) -> None:
        self.resource_type, self.model, self.horizon = resource_type, model, horizon

    def find(self, counter: RowCounter) -> Iterator[str]:
        for batch in in_batches(self.model._base_manager.all()):
            suspects = [row for row, _what in self._differences_of(batch)]
            if suspects:
                yield from self._confirm(suspects)
            counter.add(len(batch))

    @transaction.atomic
    def _confirm(self, suspects: Sequence[Recorded]) -> list[str]:
        """Check again with the lists locked, so that nothing changes in between."""
        streams = {_stream_of(row) for row in suspects}
        locked = TodoList.objects.select_for_update().filter(pk__in=streams)
        list(locked.order_by("pk").values_list("pk"))
        keys = [row.pk for row in suspects]
        rows = list(self.model._base_manager.filter(pk__in=keys).order_by("pk"))
        return [
            f"{self.resource_type} {row.pk}: {what}."
            for row, what in self._differences_of(rows)
        ]

    def _differences_of(
        self, rows: Sequence[Recorded]
    ) -> Iterator[tuple[Recorded, str]]:
        recorded = self._events_of(rows)
        labels = _labels_of(rows) if self.model is Todo else None
        for row in rows:
            events = recorded.get(str(row.pk), [])
            if not events:
                if self.horizon is None or row.created_at >= self.horizon:
                    yield row, "has no events"
                continue
            created = row.created_changes()
            actual = {name: after for name, (_none, after) in created.items()}
            if labels is not None:
                actual["labels"] = sorted(labels[row.pk])
            if names := _differing(row, actual, *replay(events, _stream_of(row))):
                yield row, f"differs from its events in {', '.join(names)}"

    def _events_of(self, rows: Sequence[Recorded]) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = defaultdict(list)
        events = Event.objects.filter(
            resource_type=self.resource_type,
            resource_id__in=[str(row.pk) for row in rows],
        )
        columns = ("resource_id", "stream_id", "seq", "verb", "changes")
        for subject, *rest in events.order_by("pk").values_list(*columns):
            found[subject].append(Change(*rest))
        return found


def _differing(
    row: Recorded, actual: dict[str, Any], replayed: dict[str, Any], is_whole: bool
) -> list[str]:
    names: dict[str, Any] = {name: _first_value(row, name) for name in row.recorded}
    if "labels" in actual:
        names["labels"] = []
    return [
        name
        for name, default in names.items()
        if (is_whole or name in replayed)
        and not _same(actual.get(name), replayed.get(name, default))
    ]


def _first_value(row: Recorded, name: str) -> Any:
    """Return the value of rows that are older than the column."""
    default = getattr(row._meta.get_field(name), "db_default", NOT_PROVIDED)
    return None if default is NOT_PROVIDED else default


def _same(actual: Any, replayed: Any) -> bool:
    """Return whether both values are equal; a moment has several notations."""
    if actual == replayed or replayed == REDACTED:
        return True
    try:
        return datetime.fromisoformat(actual) == datetime.fromisoformat(replayed)
    except (TypeError, ValueError):
        return False


def _stream_of(row: Any) -> UUID:
    return row.pk if isinstance(row, TodoList) else row.list_id


def _labels_of(todos: Iterable[Recorded]) -> dict[UUID, list[str]]:
    labels: dict[UUID, list[str]] = defaultdict(list)
    tags = Todo.labels.through.objects.filter(todo__in=[todo.pk for todo in todos])
    for todo_id, label_id in tags.values_list("todo_id", "label_id"):
        labels[todo_id].append(str(label_id))
    return labels
