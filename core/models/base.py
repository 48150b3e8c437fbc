"""The base of most models: an id, a version, and who changed the row and when."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Sequence
from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.errors import Stale, Text
from core.ids import new_id

if TYPE_CHECKING:
    from core.users import User

Changes = dict[str, list[Any]]

# Columns that every change writes.
AUDIT_COLUMNS = ("version", "updated_at", "updated_by")
BATCH = 500  # rows of one UPDATE


def person_field(comment: str, name: Text = "") -> Any:
    """Return a foreign key to the person who did something; users are never deleted."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=name or None,  # type: ignore[arg-type]
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_comment=comment,
    )


class Recorded(models.Model):
    """A row whose changes are all recorded in the event log."""

    # The fields that events include; never one that holds a secret.
    recorded: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(
        _("id"), primary_key=True, default=new_id, editable=False, db_comment="UUIDv7"
    )
    created_at = models.DateTimeField(
        _("created at"), editable=False, db_comment="When it was created, UTC"
    )
    created_by = person_field("Who created it")
    updated_at = models.DateTimeField(
        _("updated at"), editable=False, db_comment="When it was last changed, UTC"
    )
    updated_by = person_field("Who changed it last")
    version = models.PositiveIntegerField(
        _("version"), default=1, editable=False, db_comment="Raised by every change"
    )

    class Meta:
        abstract = True

    @property
    def etag(self) -> str:
        """Return the state of the row, which `expect` compares under the lock."""
        return str(self.version)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Leave constraints to the database; services explain what they refuse."""

    def expect(self, states: Container[str] | None) -> None:
        """Raise Stale if the row is in none of these states; None allows any."""
        if states is not None and self.etag not in states:
            raise Stale

    def stamp(self, *, by: User | None, at: datetime) -> None:
        """Set who creates this row, and when."""
        self.created_at = self.updated_at = at
        self.created_by = self.updated_by = by

    def assign(
        self,
        *,
        by: User | None,
        at: datetime,
        extra_changes: Changes | None = None,
        **values: object,
    ) -> Changes:
        """Set values in memory; return {field: [before, after]} of those that differ.

        `extra_changes` are those outside the row's own columns. Any change increments
        the version.
        """
        changes: Changes = {}
        for name, value in values.items():
            before = self._plain(name)
            setattr(self, name, value)
            if before != (after := self._plain(name)):
                changes[name] = [before, after]
        changes |= extra_changes or {}
        if changes:
            self.version += 1
            self.updated_at, self.updated_by = at, by
        return changes

    def change(
        self,
        *,
        by: User | None,
        at: datetime,
        extra_changes: Changes | None = None,
        **values: object,
    ) -> Changes:
        """Assign the values and save only the affected columns."""
        changes = self.assign(by=by, at=at, extra_changes=extra_changes, **values)
        if changes:
            names = [*values, *self._companions(values)]
            self.save(update_fields=[*names, *AUDIT_COLUMNS])
        return changes

    @classmethod
    def save_many(cls, rows: Sequence[Self], *names: str) -> None:
        """Save columns of rows that were changed with `assign`."""
        columns = [*names, *AUDIT_COLUMNS]
        cls._base_manager.bulk_update(rows, columns, batch_size=BATCH)

    def created_changes(self) -> Changes:
        """Return the changes for the event that the row was created."""
        return {
            name: [None, value]
            for name, value in self._state_now()
            if value is not None
        }

    def deleted_changes(self) -> Changes:
        """Return the changes for the event that the row was deleted."""
        return {
            name: [value, None]
            for name, value in self._state_now()
            if value is not None
        }

    def _state_now(self) -> list[tuple[str, object]]:
        return [
            (name, plain(getattr(self, attname))) for name, attname in self._names()
        ]

    @classmethod
    @cache
    def _names(cls) -> tuple[tuple[str, str], ...]:
        """Return the recorded fields, each with the attribute that holds its value."""
        fields = [cls._meta.get_field(name) for name in cls.recorded]
        return tuple((one.name, getattr(one, "attname", one.name)) for one in fields)

    def _plain(self, name: str) -> object:
        field = self._meta.get_field(name)
        return plain(getattr(self, getattr(field, "attname", name)))

    def _companions(self, changed: Iterable[str]) -> list[str]:
        """Return the computed columns that depend on the changed ones."""
        return [
            field.name
            for field in self._meta.concrete_fields
            if not set(getattr(field, "of", ())).isdisjoint(changed)
        ]


def plain(value: object) -> object:
    """Return the value as a type that JSON supports."""
    match value:
        case None | str() | bool() | int():
            return value
        case UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value
