"""What each app declares, so that lower layers need not know higher ones.

In `AppConfig.ready()` an app passes one `Declaration` to `registry.add`. The kernel
and the project ask the registry and never name an app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from core.schedules import ScheduledTask
from core.users import User

Text = str | Promise
OPERATIONS = ("view", "add", "change", "delete")


@dataclass(frozen=True)
class Resource:
    """A kind of thing in the API: key scopes and a tag of the OpenAPI document.

    A new key gets the scope for writing, unless that `needs_request`.
    """

    name: str
    description: str
    is_read_only: bool = False
    needs_request: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        read = f"{self.name}:read"
        return (read,) if self.is_read_only else (read, f"{self.name}:write")


@dataclass(frozen=True)
class EventType:
    """An entry of the catalogue of events, such as `user.created`."""

    name: str
    subject: Subject
    phrase: Text

    @property
    def sentence(self) -> str:
        """Return what happened, in the active language."""
        return f"{self.subject.title} {self.phrase}"


@dataclass(frozen=True)
class Subject:
    """A kind of row that events are about, with the types of its events.

    `events` maps the second part of a type's name to the words for it. `fields` are
    those that events may record, beyond `recorded` of the model.
    """

    name: str
    model: type[Model]
    events: Mapping[str, Text]
    fields: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def recorded(self) -> frozenset[str]:
        return frozenset((*getattr(self.model, "recorded", ()), *self.fields))

    @property
    def event_types(self) -> Iterator[EventType]:
        for name, phrase in self.events.items():
            yield EventType(f"{self.name}.{name}", self, phrase)


@dataclass(frozen=True)
class Door:
    """A way into the service: all addresses below a path.

    `source` names it in the event log, `label` on pages. Errors are pages for people
    or problem+json for programs. `authentication` holds dotted paths of REST
    framework's classes. A larger body than `body_limit` bytes is refused with 413;
    None is the usual limit (DATA_UPLOAD_MAX_MEMORY_SIZE). Parsers that hold a body in
    memory keep to the usual limit: what is larger has to be read as a stream.
    """

    prefix: str
    source: str
    label: Text
    errors: Literal["page", "problem"] = "page"
    authentication: tuple[str, ...] = ()
    body_limit: int | None = None

    @property
    def most_bytes(self) -> int:
        if self.body_limit is not None:
            return self.body_limit
        return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0

    def authenticators(self) -> list[Any]:
        return [import_string(name)() for name in self.authentication]


class Unready(Exception):
    """A part does not work; the message tells an operator why."""


@dataclass(frozen=True)
class ReadinessCheck:
    """A part that /readyz reports; `run` raises Unready or a database error."""

    name: str
    run: Callable[[], None]
    asks_database: bool = False


@dataclass(frozen=True)
class Gauge:
    """A metric that is read when /metrics is asked: a value, or one for each label.

    The name is that of Prometheus without the service's prefix.
    """

    name: str
    description: str
    value: float | Mapping[str, float]
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """All that one app declares; `app` is its label."""

    app: str
    # Module of the addresses below /api/v1/.
    api_urls: str = ""
    resources: Sequence[Resource] = ()
    subjects: Sequence[Subject] = ()
    # Permissions (app.codename) by the shipped role that gets them.
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    doors: Sequence[Door] = ()
    tasks: Sequence[ScheduledTask] = ()
    readiness_checks: Callable[[], Sequence[ReadinessCheck]] = tuple
    # What is measured at a moment; a part that does not answer is left out.
    gauges: Callable[[datetime], Iterable[Gauge]] | None = None
    # Which other users a user may see: their ids.
    users_visible_to: Callable[[User], QuerySet[Any]] | None = None
    # The event streams that a user may read in full.
    streams_visible_to: Callable[[User], frozenset[UUID]] | None = None


class Registry:
    """The declarations of all installed apps."""

    def __init__(self) -> None:
        self._declarations: dict[str, Declaration] = {}

    def add(self, declaration: Declaration) -> None:
        """Take a declaration; that of an app replaces its earlier one."""
        self._declarations[declaration.app] = declaration
        self._forget()

    def remove(self, app: str) -> None:
        del self._declarations[app]
        self._forget()

    def _forget(self) -> None:
        cached = [name for name in self.__dict__ if not name.startswith("_")]
        for name in cached:
            del self.__dict__[name]

    def __iter__(self) -> Iterator[Declaration]:
        return iter(self._declarations.values())

    @property
    def apps(self) -> list[str]:
        """Return the labels of the apps whose permissions roles can grant."""
        return list(self._declarations)

    # --- The API ----------------------------------------------------------------

    @property
    def api_urls(self) -> list[str]:
        return [declared.api_urls for declared in self if declared.api_urls]

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Return the resources by name, in alphabetical order."""
        found = chain.from_iterable(declared.resources for declared in self)
        return {one.name: one for one in sorted(found, key=lambda one: one.name)}

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """Return every scope that a key can have."""
        return tuple(chain.from_iterable(one.scopes for one in self.resources.values()))

    @cached_property
    def usual_scopes(self) -> tuple[str, ...]:
        """Return the scopes of a key for which none were asked for."""
        asked_for = {
            f"{one.name}:write" for one in self.resources.values() if one.needs_request
        }
        return tuple(scope for scope in self.scopes if scope not in asked_for)

    # --- The event log ----------------------------------------------------------

    @cached_property
    def subjects(self) -> dict[str, Subject]:
        found = chain.from_iterable(declared.subjects for declared in self)
        return {one.name: one for one in sorted(found, key=lambda one: one.name)}

    @cached_property
    def event_types(self) -> dict[str, EventType]:
        return {
            one.name: one
            for subject in self.subjects.values()
            for one in subject.event_types
        }

    def event_type(self, name: str) -> EventType:
        """Return a declared type; raise ImproperlyConfigured for any other."""
        try:
            return self.event_types[name]
        except KeyError:
            raise ImproperlyConfigured(f"No app declares the event {name}.") from None

    # --- Doors ------------------------------------------------------------------

    @cached_property
    def doors(self) -> list[Door]:
        """Return the doors, the longest prefix first."""
        found = chain.from_iterable(declared.doors for declared in self)
        return sorted(found, key=lambda door: len(door.prefix), reverse=True)

    def door_of(self, path: str) -> Door:
        """Return the door that a path belongs to: the one with the longest prefix."""
        found = (door for door in self.doors if path.startswith(door.prefix))
        return next(found, self.doors[-1])

    @property
    def sources(self) -> dict[str, Text]:
        """Return the labels of the doors by their name in the event log."""
        return {door.source: door.label for door in self.doors}

    # --- Who sees what ----------------------------------------------------------

    def users_visible_to(self, user: User) -> list[QuerySet[Any]]:
        """Return the ids of the users whom a user may see, a queryset for each app."""
        return [
            declared.users_visible_to(user)
            for declared in self
            if declared.users_visible_to
        ]

    def streams_visible_to(self, user: User) -> frozenset[UUID]:
        """Return the event streams that a user may read in full."""
        return frozenset(
            chain.from_iterable(
                declared.streams_visible_to(user)
                for declared in self
                if declared.streams_visible_to
            )
        )

    # --- Rights, tasks and health -----------------------------------------------

    def grants(self, role: str) -> set[str]:
        """Return the permissions that apps declare for a shipped role."""
        return set().union(*(declared.grants.get(role, ()) for declared in self))

    @cached_property
    def tasks(self) -> dict[str, ScheduledTask]:
        """Return the scheduled tasks by name."""
        found = [task for declared in self for task in declared.tasks]
        tasks = {task.name: task for task in found}
        if len(tasks) < len(found):
            raise ImproperlyConfigured("Two apps declare the same scheduled task.")
        return tasks

    def readiness_checks(self) -> list[ReadinessCheck]:
        return [check for declared in self for check in declared.readiness_checks()]

    def gauges(self, now: datetime) -> Iterator[Gauge]:
        for declared in self:
            if declared.gauges:
                yield from declared.gauges(now)


registry = Registry()


def every_operation(app: str, *models: str) -> frozenset[str]:
    """Return the permissions to view, add, change and delete rows of the models."""
    return frozenset(f"{app}.{op}_{model}" for model in models for op in OPERATIONS)
