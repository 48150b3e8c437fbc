"""The parts of an app's declaration."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Literal, Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.text import capfirst

from core.schedules import ScheduledTask
from core.users import User

Text = str | Promise
OPERATIONS = ("view", "add", "change", "delete")


@dataclass(frozen=True)
class Resource:
    """A resource of the API, with key scopes and a tag in the OpenAPI document.

    A new key gets the write scope by default, unless it `needs_request`. Pages show
    the label; the document, which is in English for everyone, has the description.
    """

    name: str
    description: str
    label: Text = ""
    is_read_only: bool = False
    needs_request: bool = False

    @property
    def title(self) -> str:
        return capfirst(str(self.label) or self.name)

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
    """A type of row that events are about, with its event types.

    `events` maps the second part of an event type's name to its phrase. `fields` may
    be recorded by events in addition to the model's `recorded`; `labels` name those
    that the model does not name. `technical_fields` are of use only to programs, so
    pages leave them out of a row's history. `name_field` is the recorded field that
    names a row on pages. If one change is recorded in two streams, `repeats` maps the
    event that pages leave out to the one that they show.
    """

    name: str
    model: type[Model]
    events: Mapping[str, Text]
    fields: tuple[str, ...] = ()
    labels: Mapping[str, Text] = field(default_factory=dict)
    technical_fields: frozenset[str] = frozenset()
    name_field: str = ""
    repeats: Mapping[str, str] = field(default_factory=dict)
    has_stream: bool = False  # each row has a stream, whose id is the row's id

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
    """An entry point of the service: all URLs below a path.

    `source` names it in the event log, `label` on pages. Errors are pages for people
    or problem+json for programs. `authentication` has dotted paths of REST framework
    classes. A body larger than `body_limit` bytes is refused with 413; None is the
    default limit (DATA_UPLOAD_MAX_MEMORY_SIZE). Parsers that hold a body in memory
    apply the default limit: larger bodies have to be streamed.
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
    """A component does not work; the message explains why to an operator."""


@dataclass(frozen=True)
class ReadinessCheck:
    """A component that /readyz reports; `run` raises Unready or a database error.

    The state is unknown while a component in `needs` fails.
    """

    name: str
    run: Callable[[], None]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gauge:
    """A metric that each request to /metrics reads: a value, or one for each label.

    The name is the Prometheus name without the service's prefix.
    """

    name: str
    description: str
    value: float | Mapping[str, float]
    label: str = ""


class RowCounter(Protocol):
    """Counts the rows that a command has processed, to show its progress."""

    def add(self, count: int, /) -> None: ...


@dataclass(frozen=True)
class DoctorCheck:
    """A rule to verify: `find` yields a sentence for each violation.

    `repair` repairs what can be repaired without guessing; `remedy` describes it.
    `size` counts the rows that `find` reads.
    """

    name: str
    find: Callable[[RowCounter], Iterable[str]]
    repair: Callable[[], None] | None = None
    remedy: str = ""
    size: Callable[[], int] | None = None


@dataclass(frozen=True)
class SampleRun:
    """One run of makesample, shared by the sample makers of all apps.

    `people` are the sample people; each maker adds those that it creates.
    """

    options: Mapping[str, Any]
    random: Random
    now: datetime
    progress: Callable[[str, int | None], AbstractContextManager[RowCounter]]
    say: Callable[[str], None]
    people: list[User] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """The sample data of an app: its makesample options, and its maker."""

    add_arguments: Callable[[ArgumentParser], None]
    make: Callable[[SampleRun], None]


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The declaration of one app; `app` is its label.

    Parts that only commands need are in functions, so that servers do not import them.
    """

    app: str
    # URL modules: below /api/v1/, and below / for other doors.
    api_urls: str = ""
    urls: str = ""
    resources: Sequence[Resource] = ()
    subjects: Sequence[Subject] = ()
    # Permissions (app.codename) for each shipped role.
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    doors: Sequence[Door] = ()
    # Largest body in bytes for addresses that take larger ones than their door, such
    # as those of uploads: regular expressions that match the whole path.
    body_limits: Mapping[str, int] = field(default_factory=dict)
    tasks: Sequence[ScheduledTask] = ()
    readiness_checks: Callable[[], Sequence[ReadinessCheck]] = tuple
    doctor_checks: Callable[[], Iterable[DoctorCheck]] = tuple
    # Creates the rows that the first administrator of an installation gets.
    first_steps: Callable[[User, datetime], None] | None = None
    sample: Callable[[], Sample] | None = None
    # Metrics at a moment; those that are unavailable are left out.
    gauges: Callable[[datetime], Iterable[Gauge]] | None = None
    # Which other users a user may see: their ids.
    users_visible_to: Callable[[User], QuerySet[Any]] | None = None
    # The event streams that a user may read in full.
    streams_visible_to: Callable[[User], frozenset[UUID]] | None = None


def every_operation(app: str, *models: str) -> frozenset[str]:
    """Return the permissions to view, add, change and delete rows of the models."""
    return frozenset(f"{app}.{op}_{model}" for model in models for op in OPERATIONS)
