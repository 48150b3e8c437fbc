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
from django.db.models import Field, Model
from django.utils.text import Truncator

from core.admin.urls import page_url
from core.events import REDACTED
from core.models import Event
from core.registry import registry
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


def field_of(resource_type: str, name: str) -> Field[Any, Any] | None:
    """Return the field of the subject's model; None if it has no such field."""
    subject = registry.subjects.get(resource_type)
    try:
        return subject.model._meta.get_field(name) if subject else None  # type: ignore[return-value]
    except FieldDoesNotExist:
        return None


def names_of_rows(
    model: type[Model], ids: Iterable[object], user: User, name_field: str = ""
) -> dict[str, Name]:
    """Return the present names, by id, of the rows that the user may see.

    If `name_field` is a relation, a row is named after the row that it refers to.
    """
    rows = _scoped_rows(model)
    keys = set(valid_keys(ids, model._meta.pk))
    if rows is None or not keys:
        return {}
    found = rows.visible_to(user).filter(pk__in=keys)
    if name_field and model._meta.get_field(name_field).is_relation:
        found = found.select_related(name_field)
        targets = {str(row.pk): getattr(row, name_field) for row in found}
    else:
        targets = {str(row.pk): row for row in found}
    return {key: _name_of(row, user) for key, row in targets.items()}


def names_of_subjects(
    events: Iterable[Event], user: User, streams: frozenset[UUID]
) -> dict[Key, Name]:
    """Return the names of the rows that the events are about.

    A row that the user sees has its present name; one that was deleted has the last
    recorded one, if an event that the user may read in full holds it.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.is_open_to(streams):
            wanted[event.resource_type].add(event.resource_id)
    names: dict[Key, Name] = {}
    for resource_type, ids in wanted.items():
        if (subject := registry.subjects.get(resource_type)) is None:
            continue
        field = subject.name_field
        found = names_of_rows(subject.model, ids, user, field if field else "")
        if field:
            found |= _recorded_names(
                resource_type, field, ids - found.keys(), user, streams
            )
        names |= {(resource_type, key): name for key, name in found.items()}
    return names


def names_of_actors(events: Iterable[Event], user: User) -> dict[str, Name]:
    ids = {event.actor_id for event in events if event.actor_id}
    return names_of_rows(get_user_model(), ids, user)


def names_of_streams(events: Iterable[Event], user: User) -> dict[str, Name]:
    """Return the names of the rows whose streams the events belong to."""
    ids = {event.stream_id for event in events if event.stream_id}
    names: dict[str, Name] = {}
    for subject in registry.stream_subjects:
        names |= names_of_rows(subject.model, ids, user)
    return names


def valid_keys(values: Iterable[object], key: Field[Any, Any]) -> Iterator[str]:
    """Yield the values that are valid keys; a redacted value, for example, is not."""
    for value in values:
        if isinstance(value, list):
            yield from valid_keys(value, key)
        elif value is not None:
            with suppress(ValidationError):
                yield str(key.to_python(value))


def _recorded_names(
    resource_type: str,
    field_name: str,
    ids: Collection[str],
    user: User,
    streams: frozenset[UUID],
) -> dict[str, Name]:
    if not ids:
        return {}
    events = Event.objects.filter(
        resource_type=resource_type,
        resource_id__in=ids,
        changes__has_key=field_name,
    )
    recorded: dict[str, str] = {}
    for event in events.open_to(streams).order_by("at", "pk"):
        before, after = event.changes[field_name]
        recorded[event.resource_id] = str(after or before or "")
    field = field_of(resource_type, field_name)
    if field is not None and field.is_relation and field.related_model:
        related: Any = field.related_model
        people = names_of_rows(related, recorded.values(), user)
        return {
            key: people[value] for key, value in recorded.items() if value in people
        }
    return {
        key: Name(_short(text))
        for key, text in recorded.items()
        if text and text != REDACTED
    }


def _scoped_rows(model: type[Model]) -> ScopedQuerySet[Any] | None:
    rows = model._default_manager.all()
    if isinstance(rows, ScopedQuerySet):
        return rows
    page: Any = admin.site._registry.get(model)
    return page.require_scope() if page else None


def _name_of(row: Model, user: User) -> Name:
    meta = row._meta
    may_open = user.has_perm(f"{meta.app_label}.view_{meta.model_name}")
    has_page = type(row) in admin.site._registry and may_open
    return Name(_short(str(row)), page_url(row, "change", row.pk) if has_page else "")


def _short(text: str) -> str:
    return Truncator(text).chars(MAX_NAME)
