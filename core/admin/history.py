"""The history of a row, read from the event log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from django.utils.formats import localize, time_format
from django.utils.translation import gettext as _

from core.admin.permissions import once_per_request, request_user
from core.admin.subjects import EventNames, Name, field_of
from core.models import Event
from core.registry import registry

NOTHING = "–"

Moment = TypeVar("Moment")


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
    actor: Name
    source: str
    phrase: str
    subject: str
    name: Name | None  # of the subject
    changes: list[FieldChange]
    is_withheld: bool

    @property
    def sentence(self) -> str:
        """Return what happened, without the name of the row."""
        return f"{self.subject} {self.phrase}"


def history_of(request: HttpRequest, resource_type: str, pk: object) -> QuerySet[Event]:
    """Return the events about a row that the user may read, newest first."""
    about = Event.objects.about(resource_type, str(pk))
    visible = about.open_to(streams_visible_in(request))
    return visible.order_by("-at", "-pk")


@once_per_request
def streams_visible_in(request: HttpRequest) -> frozenset[UUID]:
    """Return the streams that the user may read in full."""
    return registry.streams_visible_to(request_user(request))


def event_phrase(event: Event) -> str:
    known = registry.event_types.get(event.verb)
    return str(known.phrase) if known else event.verb.partition(".")[2]


def without_repeats(events: list[Event]) -> list[Event]:
    """Return the events without those that repeat another one of them."""
    found = {(event.verb, event.resource_id, event.at) for event in events}
    return [
        event
        for event in events
        if (registry.repeats.get(event.verb), event.resource_id, event.at) not in found
    ]


def present_events(
    events: list[Event],
    request: HttpRequest,
    *,
    technical: bool = True,
    page_of: Model | None = None,
    with_changes: bool = True,
) -> list[PresentedEvent]:
    """Format events for a page; see `present_event`.

    Events do not name the row `page_of`, which the page is about.
    """
    names = names_in(events, request, page_of, with_changes=with_changes)
    known = str(page_of.pk) if page_of else ""
    shown = [present_event(event, names, technical=technical) for event in events]
    return [
        replace(one, name=None) if event.resource_id == known else one
        for event, one in zip(events, shown, strict=True)
    ]


def names_in(
    events: list[Event],
    request: HttpRequest,
    known: Model | None = None,
    *,
    with_changes: bool = True,
) -> EventNames:
    """Return the names of the rows in events, as far as the user sees them."""
    streams = streams_visible_in(request)
    user = request_user(request)
    return EventNames(events, user, streams, known, with_changes=with_changes)


def present_event(
    event: Event, names: EventNames, *, technical: bool = True
) -> PresentedEvent:
    """Format an event; withhold changes that the user may not see.

    Fields of use only to programs are left out unless `technical`.
    """
    is_open = event.is_open_to(names.streams)
    shows_changes = is_open and names.with_changes
    return PresentedEvent(
        at=event.at,
        actor=names.of_actor(event) or Name(event.actor_label or _("the system")),
        source=str(_source_names().get(event.source, event.source)),
        phrase=event_phrase(event),
        subject=subject_of(event),
        name=names.of_subject(event),
        changes=_field_changes(event, names, technical) if shows_changes else [],
        is_withheld=not is_open,
    )


@cache
def _source_names() -> dict[str, Any]:
    return dict(Event._meta.get_field("source").flatchoices)


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
    field = field_of(event.resource_type, name)
    return str(getattr(field, "verbose_name", name.replace("_", " ")))


def _field_changes(
    event: Event, names: EventNames, technical: bool
) -> list[FieldChange]:
    changes = []
    for name, (before, after) in event.changes.items():
        is_hidden = not technical and name in technical_fields(event)
        if is_hidden or not (before or after):
            continue
        field = field_of(event.resource_type, name)
        change = FieldChange(
            field_label(event, name),
            _display(field, before, names),
            _display(field, after, names),
        )
        if change.before != change.after:
            changes.append(change)
    return changes


def _display(field: Field[Any, Any] | None, value: Any, names: EventNames) -> str:
    match value:
        case None | "" | []:
            return NOTHING
        case bool():
            return _("yes") if value else _("no")
        case list():
            # Sorted by name: the order of ids means nothing to people.
            parts = {_display(field, part, names) for part in value}
            return ", ".join(sorted(parts))
    if field is not None and field.related_model:
        name = names.of_row(field.related_model, value)
        return name.text if name else _("deleted, or you don’t have access")
    if (choices := dict(getattr(field, "flatchoices", ()))) and value in choices:
        return str(choices[value])
    return _display_moment(field, str(value))


def _display_moment(field: Field[Any, Any] | None, value: str) -> str:
    """Return a date or time in the user's format; any other text as it is."""
    match field.get_internal_type() if field is not None else "":
        case "DateTimeField" if moment := _parsed(parse_datetime, value):
            return str(localize(timezone.localtime(moment)))
        case "DateField" if day := _parsed(parse_date, value):
            return str(localize(day))
        case "TimeField" if time := _parsed(parse_time, value):
            return time_format(time)
    return value


def _parsed(parse: Callable[[str], Moment | None], value: str) -> Moment | None:
    """Return the parsed value; None for any other text, such as a redacted one."""
    try:
        return parse(value)
    except ValueError:
        return None
