"""The history of a row, read from the event log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import localize
from django.utils.translation import gettext as _

from core.models import Event
from core.registry import registry
from core.scoping import ScopedQuerySet
from core.users import User

NOTHING = "–"


@dataclass(frozen=True)
class FieldChange:
    """One field that changed."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class PresentedEvent:
    """An event, formatted in the user's language."""

    at: datetime
    actor: str
    source: str
    phrase: str
    subject: str
    changes: list[FieldChange]
    is_withheld: bool


def history_of(user: User, resource_type: str, pk: object) -> QuerySet[Event]:
    """Return the events about a row that the user may read, newest first."""
    about = Event.objects.about(resource_type, str(pk))
    visible = about.open_to(registry.streams_visible_to(user))
    return visible.order_by("-at", "-pk")


def event_phrase(event: Event) -> str:
    known = registry.event_types.get(event.verb)
    return str(known.phrase) if known else event.verb.partition(".")[2]


def present_events(
    events: list[Event], user: User, *, technical: bool = True
) -> list[PresentedEvent]:
    """Format events for a page; withhold changes that the user may not see.

    Fields of use only to programs are left out unless `technical`.
    """
    streams = registry.streams_visible_to(user)
    names = _names(events, user)
    return [
        PresentedEvent(
            at=event.at,
            actor=event.actor_label or _("the system"),
            source=event.get_source_display(),
            phrase=event_phrase(event),
            subject=subject_of(event),
            changes=(
                _field_changes(event, names, technical)
                if event.is_open_to(streams)
                else []
            ),
            is_withheld=not event.is_open_to(streams),
        )
        for event in events
    ]


def technical_fields(event: Event) -> frozenset[str]:
    known = registry.subjects.get(event.resource_type)
    return known.technical_fields if known else frozenset()


def subject_of(event: Event) -> str:
    known = registry.subjects.get(event.resource_type)
    return known.title if known else event.resource_type


def field_label(event: Event, name: str) -> str:
    """Return the name of a recorded field in the active language."""
    subject = registry.subjects.get(event.resource_type)
    if subject and name in subject.labels:
        return str(subject.labels[name])
    field = _field_of(event.resource_type, name)
    return str(getattr(field, "verbose_name", name.replace("_", " ")))


def _field_changes(
    event: Event, names: dict[str, str], technical: bool
) -> list[FieldChange]:
    changes = []
    for name, (before, after) in event.changes.items():
        is_hidden = not technical and name in technical_fields(event)
        if is_hidden or not (before or after):
            continue
        field = _field_of(event.resource_type, name)
        change = FieldChange(
            field_label(event, name),
            _display(field, before, names),
            _display(field, after, names),
        )
        if change.before != change.after:
            changes.append(change)
    return changes


def _display(field: Field[Any, Any] | None, value: Any, names: dict[str, str]) -> str:
    match value:
        case None | "" | []:
            return NOTHING
        case bool():
            return _("yes") if value else _("no")
        case list():
            return ", ".join(_display(field, part, names) for part in value)
    if field is not None and field.is_relation:
        return names.get(str(value), _("deleted, or you don’t have access"))
    if (choices := dict(getattr(field, "flatchoices", ()))) and value in choices:
        return str(choices[value])
    if field is not None and field.get_internal_type() == "DateTimeField":
        moment = parse_datetime(str(value))
        return str(localize(timezone.localtime(moment))) if moment else str(value)
    return str(value)


def _names(events: Iterable[Event], user: User) -> dict[str, str]:
    """Return the names, by id, of the related rows that the user may see."""
    wanted: dict[type[Model], set[str]] = defaultdict(set)
    for event in events:
        for name, values in event.changes.items():
            field = _field_of(event.resource_type, name)
            if field is not None and field.is_relation and field.related_model:
                key = field.related_model._meta.pk
                wanted[field.related_model] |= set(_keys(values, key))
    names: dict[str, str] = {}
    for model, keys in wanted.items():
        rows = model._default_manager.all()
        if isinstance(rows, ScopedQuerySet):
            visible = rows.visible_to(user).filter(pk__in=keys)
            names |= {str(row.pk): str(row) for row in visible}
    return names


def _keys(values: Iterable[object], key: Field[Any, Any]) -> Iterable[str]:
    """Yield the values that are valid keys; a redacted value, for example, is not."""
    for value in values:
        if isinstance(value, list):
            yield from _keys(value, key)
        elif value is not None:
            with suppress(ValidationError):
                yield str(key.to_python(value))


def _field_of(resource_type: str, name: str) -> Field[Any, Any] | None:
    subject = registry.subjects.get(resource_type)
    try:
        return subject.model._meta.get_field(name) if subject else None  # type: ignore[return-value]
    except FieldDoesNotExist:
        return None
