"""Names and links of the rows and people in events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q
from django.utils.text import Truncator

from core.admin.urls import page_url
from core.events import REDACTED
from core.models import Event
from core.registry import Subject, registry
from core.scoping import ScopedQuerySet
from core.users import User

MAX_NAME = 80  # characters

# The type and the id of a row.
Key = tuple[str, str]


@dataclass(frozen=True)
class Name:
    """The name of a row, with the URL of its page if the user may open it."""

    text: str
    url: str = ""
    row: Model | None = None  # if it still exists


def field_of(resource_type: str, name: str) -> Field[Any, Any] | None:
    """Return the field of the subject's model; None if it has no such field."""
    subject = registry.subjects.get(resource_type)
    try:
        return subject.model._meta.get_field(name) if subject else None  # type: ignore[return-value]
    except FieldDoesNotExist:
        return None


class VisibleRows:
    """Rows that the user sees, by id; those wanted of a kind are read at once."""

    def __init__(self, user: User) -> None:
        self.user = user
        self._read: dict[type[Model], dict[str, Model | None]] = defaultdict(dict)
        self._unread: dict[type[Model], set[str]] = defaultdict(set)

    def add(self, model: type[Model], row: Model) -> None:
        """Add a row that the user sees, which need not be read."""
        self._read[model][str(row.pk)] = row

    def want(self, model: type[Model], ids: Iterable[object]) -> None:
        known = self._read[model].keys()
        self._unread[model] |= set(valid_keys(ids, model._meta.pk)) - known

    def get(self, model: type[Model], pk: object) -> Model | None:
        """Return the row; None if it was not wanted, or if the user does not see it."""
        if str(pk) in self._unread[model]:
            self._read_rows(model)
        return self._read[model].get(str(pk))

    def _read_rows(self, model: type[Model]) -> None:
        ids = self._unread.pop(model)
        self._read[model] |= dict.fromkeys(ids)
        if (rows := _scoped_rows(model)) is not None:
            found = rows.visible_to(self.user).filter(pk__in=ids)
            found = found.select_related(*_relations_that_name(model))
            self._read[model] |= {str(row.pk): row for row in found}


class EventNames:
    """The names of the rows in events.

    A row that the user sees has its present name; one that was deleted has the last
    recorded one, if an event in `streams`, which the user may read in full, holds it.
    `known` is a row that need not be read. The rows that changes refer to are only
    read `with_changes`.
    """

    def __init__(
        self,
        events: Collection[Event],
        user: User,
        streams: frozenset[UUID],
        known: Model | None = None,
        *,
        with_changes: bool = True,
    ) -> None:
        self.user, self.streams, self.with_changes = user, streams, with_changes
        self._people: type[Model] = get_user_model()
        self._rows = VisibleRows(user)
        self._rows.add(self._people, user)
        if known is not None:
            self._rows.add(type(known), known)
        self._rows.want(self._people, (event.actor_id for event in events))
        is_open = [event for event in events if event.is_open_to(streams)]
        for event in is_open:
            self._want_rows_of(event)
        self._recorded = self._recorded_names(is_open)

    def of_actor(self, event: Event) -> Name | None:
        return self.of_row(self._people, event.actor_id)

    def of_subject(self, event: Event) -> Name | None:
        """Return the name of the row that the event is about."""
        subject = registry.subjects.get(event.resource_type)
        if subject is None or not event.is_open_to(self.streams):
            return None
        row = self._rows.get(subject.model, event.resource_id)
        if row is None:
            return self._recorded_name(subject, event.resource_id)
        is_named_after = _related_model(subject.name, subject.name_field) is not None
        return self._name(getattr(row, subject.name_field) if is_named_after else row)

    def of_stream(self, event: Event) -> Name | None:
        """Return the name of the row whose stream the event belongs to."""
        for subject in registry.stream_subjects:
            self._rows.want(subject.model, [event.stream_id])
            if name := self.of_row(subject.model, event.stream_id):
                return name
        return None

    def of_row(self, model: type[Model], pk: object) -> Name | None:
        row = self._rows.get(model, pk)
        return None if row is None else self._name(row)

    def _name(self, row: Model) -> Name:
        """Return the name, with the page if the user may open it."""
        meta = row._meta
        may_open = self.user.has_perm(f"{meta.app_label}.view_{meta.model_name}")
        has_page = meta.model in admin.site._registry and may_open
        url = page_url(meta.model, "change", row.pk) if has_page else ""
        return Name(_short(str(row)), url, row)

    def _want_rows_of(self, event: Event) -> None:
        if subject := registry.subjects.get(event.resource_type):
            self._rows.want(subject.model, [event.resource_id])
        for name, values in event.changes.items() if self.with_changes else ():
            if related := _related_model(event.resource_type, name):
                self._rows.want(related, values)

    def _recorded_names(self, events: Iterable[Event]) -> dict[Key, str]:
        """Return the last recorded names of the rows that do not exist any more."""
        recorded: dict[Key, str] = {}
        for event in self._events_with_names(self._gone(events)):
            name_field = registry.subjects[event.resource_type].name_field
            before, after = event.changes[name_field]
            value = str(after or before or "")
            recorded[event.resource_type, event.resource_id] = value
            if related := _related_model(event.resource_type, name_field):
                self._rows.want(related, [value])
        return recorded

    def _gone(self, events: Iterable[Event]) -> dict[str, set[str]]:
        """Return the ids of the subjects that are not found, by type."""
        gone: dict[str, set[str]] = defaultdict(set)
        for event in events:
            subject = registry.subjects.get(event.resource_type)
            if subject is None or not subject.name_field:
                continue
            if self._rows.get(subject.model, event.resource_id) is None:
                gone[subject.name].add(event.resource_id)
        return gone

    def _events_with_names(self, gone: dict[str, set[str]]) -> Iterable[Event]:
        about = Q()
        for name, ids in gone.items():
            has_name = Q(changes__has_key=registry.subjects[name].name_field)
            about |= Q(has_name, resource_type=name, resource_id__in=ids)
        if not about:
            return ()
        return Event.objects.filter(about).open_to(self.streams).order_by("at", "pk")

    def _recorded_name(self, subject: Subject, pk: str) -> Name | None:
        value = self._recorded.get((subject.name, pk), "")
        if related := _related_model(subject.name, subject.name_field):
            return self.of_row(related, value)
        return Name(_short(value)) if value not in {"", REDACTED} else None


def valid_keys(values: Iterable[object], key: Field[Any, Any]) -> Iterator[str]:
    """Yield the values that are valid keys; a redacted value, for example, is not."""
    for value in values:
        if isinstance(value, list):
            yield from valid_keys(value, key)
        elif value is not None:
            with suppress(ValidationError):
                yield str(key.to_python(value))


def _scoped_rows(model: type[Model]) -> ScopedQuerySet[Any] | None:
    rows = model._default_manager.all()
    if isinstance(rows, ScopedQuerySet):
        return rows
    page: Any = admin.site._registry.get(model)
    return page.require_scope() if page else None


def _related_model(resource_type: str, name: str) -> type[Model] | None:
    """Return the model that a recorded field refers to, if it is a relation."""
    field = field_of(resource_type, name)
    return field.related_model if field is not None and field.is_relation else None


def _relations_that_name(model: type[Model]) -> set[str]:
    """Return the relations after whose rows those of the model are named."""
    return {
        one.name_field
        for one in registry.subjects.values()
        if one.model is model and _related_model(one.name, one.name_field)
    }


def _short(text: str) -> str:
    return Truncator(text).chars(MAX_NAME)
