"""The declarations of all installed apps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from core.registry.declarations import (
    Declaration,
    DoctorCheck,
    Door,
    EventType,
    Gauge,
    ReadinessCheck,
    Resource,
    Sample,
    Subject,
    Text,
)
from core.schedules import ScheduledTask
from core.users import User


class Registry:
    """The declarations of all installed apps."""

    def __init__(self) -> None:
        self._declarations: dict[str, Declaration] = {}

    def add(self, declaration: Declaration) -> None:
        """Add the declaration of an app, replacing its previous one."""
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

    # --- URLs and the API -------------------------------------------------------

    @property
    def api_urls(self) -> list[str]:
        return [declared.api_urls for declared in self if declared.api_urls]

    @property
    def urls(self) -> list[str]:
        return [declared.urls for declared in self if declared.urls]

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
    def default_scopes(self) -> tuple[str, ...]:
        """Return the default scopes of a new key."""
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

    @cached_property
    def repeats(self) -> dict[str, str]:
        """Return the event types that repeat another one in a second stream."""
        return {
            f"{subject.name}.{repeating}": f"{subject.name}.{repeated}"
            for subject in self.subjects.values()
            for repeating, repeated in subject.repeats.items()
        }

    @cached_property
    def stream_subjects(self) -> list[Subject]:
        return [one for one in self.subjects.values() if one.has_stream]

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

    @cached_property
    def body_limits(self) -> dict[re.Pattern[str], int]:
        found = chain.from_iterable(declared.body_limits.items() for declared in self)
        return {re.compile(pattern): limit for pattern, limit in found}

    def body_limit_of(self, path: str) -> int:
        """Return how large a body may be, in bytes; a larger one is refused."""
        limits = self.body_limits.items()
        found = (limit for pattern, limit in limits if pattern.fullmatch(path))
        return next(found, self.door_of(path).most_bytes)

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

    # --- First steps and samples ------------------------------------------------

    def take_first_steps(self, user: User, now: datetime) -> None:
        """Create the rows that the first administrator of an installation gets."""
        for declared in self:
            if declared.first_steps:
                declared.first_steps(user, now)

    def samples(self) -> list[Sample]:
        return [declared.sample() for declared in self if declared.sample]

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

    def doctor_checks(self) -> list[DoctorCheck]:
        return [check for declared in self for check in declared.doctor_checks()]

    def readiness_checks(self) -> list[ReadinessCheck]:
        return [check for declared in self for check in declared.readiness_checks()]

    def gauges(self, now: datetime) -> Iterator[Gauge]:
        for declared in self:
            if declared.gauges:
                yield from declared.gauges(now)


registry = Registry()
