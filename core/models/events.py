"""The event log: one row for every change. Only `core.events` writes it."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.ids import new_id
from core.registry import Text, registry
from core.scoping import ScopedQuerySet
from core.users import User


class Source(models.TextChoices):
    """Where a change came from."""

    API = "api", _("API")
    ADMIN = "admin", _("admin")
    COMMAND = "command", _("command")
    SYSTEM = "system", _("system")


def source_choices() -> list[tuple[str, Text]]:
    """Return the sources of all doors, commands and the system."""
    others = (Source.COMMAND, Source.SYSTEM)
    return [
        *registry.sources.items(),
        *((source.value, source.label) for source in others),
    ]


class EventQuerySet(ScopedQuerySet["Event"]):
    def visible_to(self, user: User) -> Self:
        """Keep all events for users who may read the log, otherwise none."""
        return self if user.has_perm("core.view_event") else self.none()

    def editable_by(self, user: User) -> Self:
        return self.none()

    def about(self, resource_type: str, resource_id: object) -> Self:
        return self.filter(resource_type=resource_type, resource_id=resource_id)

    def open_to(self, streams: frozenset[UUID]) -> Self:
        """Keep the events of these streams, and events without a stream."""
        return self.filter(Q(stream_id=None) | Q(stream_id__in=streams))


class Event(models.Model):
    """Who changed what, when and how; never edited, and kept longer than its subject.

    It has no foreign keys. Events of a list have its id as `stream_id` and a `seq`
    without gaps, in the order of commits.
    """

    id = models.UUIDField(
        primary_key=True, default=new_id, editable=False, db_comment="UUIDv7"
    )
    at = models.DateTimeField(_("at"), editable=False, db_comment="When, UTC")
    actor_id = models.UUIDField(
        _("actor id"), null=True, editable=False, db_comment="Who; NULL for the system"
    )
    actor_label = models.CharField(
        _("actor"), max_length=150, editable=False, db_comment="User name at that time"
    )
    source = models.CharField(
        _("source"),
        max_length=16,
        choices=source_choices,
        editable=False,
        db_comment="Name of the door, or command or system",
    )
    request_id = models.CharField(
        _("request id"),
        max_length=64,
        editable=False,
        db_comment="Finds it in the logs",
    )
    verb = models.CharField(
        _("verb"), max_length=64, editable=False, db_comment="Such as user.created"
    )
    resource_type = models.CharField(
        _("resource type"), max_length=32, editable=False, db_comment="Such as user"
    )
    resource_id = models.CharField(
        _("resource id"), max_length=64, editable=False, db_comment="Its id"
    )
    stream_id = models.UUIDField(
        _("stream id"), null=True, editable=False, db_comment="The list it belongs to"
    )
    seq = models.PositiveBigIntegerField(
        _("sequence"), null=True, editable=False, db_comment="Revision of that list"
    )
    changes = models.JSONField(
        _("changes"), editable=False, db_comment="{field: [before, after]}"
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        default_permissions = ("view",)
        db_table_comment = "The event log: append-only"
        indexes = [
            models.Index(fields=["at", "id"], name="event_newest"),
            # One for each filter of the log, so that none scans the whole table.
            models.Index(fields=["resource_id", "at", "id"], name="event_subject"),
            models.Index(fields=["resource_type", "at", "id"], name="event_type"),
            models.Index(fields=["verb", "at", "id"], name="event_verb"),
            models.Index(fields=["source", "at", "id"], name="event_source"),
            models.Index(fields=["actor_id", "at", "id"], name="event_actor"),
            models.Index(fields=["request_id", "at", "id"], name="event_request"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["stream_id", "seq"], name="event_in_stream_once"
            ),
            models.CheckConstraint(
                condition=Q(seq=None) | Q(stream_id__isnull=False),
                name="event_seq_has_stream",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.resource_id}"

    def is_open_to(self, streams: frozenset[UUID]) -> bool:
        """Return whether its changes may be shown to users who see these streams."""
        return self.stream_id is None or self.stream_id in streams
