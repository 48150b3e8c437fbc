"""What was done to a row, read from the event log."""

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
from django.utils.translation import gettext_lazy

from core.models import Event
from core.registry import registry
from core.scoping import ScopedQuerySet
from core.users import User

# Fields whose own name is not for people.
LABELS = {"finished_by": gettext_lazy("finished by")}
NOTHING = "–"
# Of use to programs; people who look at a row want to know what it is about.
TECHNICAL = frozenset({"uid", "rank", "position"})


@dataclass(frozen=True)
class Line:
    """One field that changed."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Told:
    """An event as a person reads it."""

    at: datetime
    actor: str
    source: str
    verb: str
    subject: str
    lines: list[Line]
    withheld: bool


def history_of(user: User, resource_type: str, pk: Any) -> QuerySet[Event]:
    """Return the events about a row: of lists that the person sees, or of no list."""
    about = Event.objects.about(resource_type, str(pk))
    visible = about.open_to(registry.streams_visible_to(user))
    return visible.order_by("-at", "-pk")


def verb_of(event: Event) -> str:
    known = registry.event_types.get(event.verb)
    return str(known.phrase) if known else event.verb.partition(".")[2]


def present(
    events: list[Event], user: User, *, without: frozenset[str] = frozenset()
) -> list[Told]:
    """Return the events as a person reads them; what is not theirs is withheld."""
    streams = registry.streams_visible_to(user)
    names = _names(events, user)
    return [
        Told(
            at=event.at,
            actor=event.actor_label or _("the system"),
            source=event.get_source_display(),
            verb=verb_of(event),
            subject=subject_of(event),
            lines=_lines(event, names, without) if event.is_open_to(streams) else [],
            withheld=not event.is_open_to(streams),
        )
        for event in events
    ]


def subject_of(event: Event) -> str:
    known = registry.subjects.get(event.resource_type)
    return known.title if known else event.resource_type


def _lines(event: Event, names: dict[str, str], without: frozenset[str]) -> list[Line]:
    lines = []
    for name, (before, after) in event.changes.items():
        if not before and not after:
            continue
        field = _field_of(event.resource_type, name)
        own = getattr(field, "verbose_name", name.replace("_", " "))
        line = Line(
            str(LABELS.get(name, own)),
            _shown(field, before, names),
            _shown(field, after, names),
        )
        if name not in without and line.before != line.after:
            lines.append(line)
    return lines


def _shown(field: Any, value: Any, names: dict[str, str]) -> str:
    match value:
        case None | "" | []:
            return NOTHING
        case bool():
            return _("yes") if value else _("no")
        case list():
            return ", ".join(_shown(field, part, names) for part in value)
    if field is not None and field.is_relation:
        return names.get(str(value), _("something out of sight"))
    if (choices := dict(getattr(field, "flatchoices", ()))) and value in choices:
        return str(choices[value])
    if field is not None and field.get_internal_type() == "DateTimeField":
        moment = parse_datetime(str(value))
        return str(localize(timezone.localtime(moment))) if moment else str(value)
    return str(value)


def _names(events: Iterable[Event], user: User) -> dict[str, str]:
    """Return the names of the rows that the changes point at, as far as visible."""
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


def _keys(values: Iterable[Any], key: Any) -> Iterable[str]:
    """Return what can be a key: a redacted value, say, cannot."""
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
