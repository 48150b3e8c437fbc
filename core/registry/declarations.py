"""What an app can declare."""

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


class RowCounter(Protocol):
    """Counts the rows that a command has gone through, to show its progress."""

    def add(self, count: int, /) -> None: ...


@dataclass(frozen=True)
class DoctorCheck:
    """A rule that should hold: `find` yields a sentence for each place where not.

    `repair` repairs what can be repaired without guessing, as `remedy` says. `size`
    counts the rows that `find` goes through.
    """

    name: str
    find: Callable[[RowCounter], Iterable[str]]
    repair: Callable[[], None] | None = None
    remedy: str = ""
    size: Callable[[], int] | None = None


@dataclass(frozen=True)
class SampleRun:
    """One run of makesample: what the sample makers of all apps share.

    `people` are the sample people; a maker adds those that it makes.
    """

    options: Mapping[str, Any]
    random: Random
    now: datetime
    progress: Callable[[str, int | None], AbstractContextManager[RowCounter]]
    say: Callable[[str], None]
    people: list[User] = field(default_factory=list)


@dataclass(frozen=True)
class Sample:
    """The sample data of an app: its options of makesample, and what makes it."""

    add_arguments: Callable[[ArgumentParser], None]
    make: Callable[[SampleRun], None]


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """All that one app declares; `app` is its label.

    What only commands need is behind a function, so that servers do not import it.
    """

    app: str
    # Modules of the addresses below /api/v1/, and below / for doors elsewhere.
    api_urls: str = ""
    urls: str = ""
    resources: Sequence[Resource] = ()
    subjects: Sequence[Subject] = ()
    # Permissions (app.codename) by the shipped role that gets them.
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    doors: Sequence[Door] = ()
    tasks: Sequence[ScheduledTask] = ()
    readiness_checks: Callable[[], Sequence[ReadinessCheck]] = tuple
    doctor_checks: Callable[[], Iterable[DoctorCheck]] = tuple
    # Rows that the first administrator finds in a new installation.
    first_steps: Callable[[User, datetime], None] | None = None
    sample: Callable[[], Sample] | None = None
    # What is measured at a moment; a part that does not answer is left out.
    gauges: Callable[[datetime], Iterable[Gauge]] | None = None
    # Which other users a user may see: their ids.
    users_visible_to: Callable[[User], QuerySet[Any]] | None = None
    # The event streams that a user may read in full.
    streams_visible_to: Callable[[User], frozenset[UUID]] | None = None


def every_operation(app: str, *models: str) -> frozenset[str]:
    """Return the permissions to view, add, change and delete rows of the models."""
    return frozenset(f"{app}.{op}_{model}" for model in models for op in OPERATIONS)
