"""The history of a row, read from the event log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Field, Model, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime, parse_time
from django.utils.formats import localize, time_format
from django.utils.translation import gettext as _

from core.admin.subjects import (
    Name,
    field_of,
    names_of_actors,
    names_of_rows,
    names_of_subjects,
)
from core.models import Event
from core.registry import registry
from core.users import User

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


def history_of(user: User, resource_type: str, pk: object) -> QuerySet[Event]:
    """Return the events about a row that the user may read, newest first."""
    about = Event.objects.about(resource_type, str(pk))
    visible = about.open_to(registry.streams_visible_to(user))
    return visible.order_by("-at", "-pk")


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
    user: User,
    *,
    technical: bool = True,
    page_of: Model | None = None,
) -> list[PresentedEvent]:
    """Format events for a page; withhold changes that the user may not see.

    Fields of use only to programs are left out unless `technical`. Events do not name
    the row `page_of`, which the page is about.
    """
    streams = registry.streams_visible_to(user)
    values = _names(events, user)
    subjects = names_of_subjects(events, user, streams)
    actors = names_of_actors(events, user)
    known = str(page_of.pk) if page_of else ""
    return [
        PresentedEvent(
            at=event.at,
            actor=actors.get(
                str(event.actor_id), Name(event.actor_label or _("the system"))
            ),
            source=event.get_source_display(),
            phrase=event_phrase(event),
            subject=subject_of(event),
            name=(
                None
                if event.resource_id == known
                else subjects.get((event.resource_type, event.resource_id))
            ),
            changes=(
                _field_changes(event, values, technical)
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
    field = field_of(event.resource_type, name)
    return str(getattr(field, "verbose_name", name.replace("_", " ")))


def _field_changes(
    event: Event, names: dict[str, str], technical: bool
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


def _display(field: Field[Any, Any] | None, value: Any, names: dict[str, str]) -> str:
    match value:
        case None | "" | []:
            return NOTHING
        case bool():
            return _("yes") if value else _("no")
        case list():
            # Sorted by name: the order of ids means nothing to people.
            parts = {_display(field, part, names) for part in value}
            return ", ".join(sorted(parts))
    if field is not None and field.is_relation:
        return names.get(str(value), _("deleted, or you don’t have access"))
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


def _names(events: Iterable[Event], user: User) -> dict[str, str]:
    """Return the names, by id, of the related rows that the user may see."""
    wanted: dict[type[Model], list[object]] = defaultdict(list)
    for event in events:
        for name, values in event.changes.items():
            field = field_of(event.resource_type, name)
            if field is not None and field.is_relation and field.related_model:
                wanted[field.related_model] += values
    names: dict[str, str] = {}
    for model, ids in wanted.items():
        found = names_of_rows(model, ids, user)
        names |= {key: name.text for key, name in found.items()}
    return names
