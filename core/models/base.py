"""What most rows have: an id, who and when, a version."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.errors import Stale
from core.ids import new_id

if TYPE_CHECKING:
    from core.users import User

Changes = dict[str, list[Any]]


def person_field(comment: str) -> Any:
    """Return a key to the person who did something; people are never deleted."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_comment=comment,
    )


class Recorded(models.Model):
    """A row whose every change leaves an event, and that says who and when."""

    # Names of the fields that an event tells of; never one that holds a secret.
    recorded: ClassVar[tuple[str, ...]] = ()

    id = models.UUIDField(
        _("id"), primary_key=True, default=new_id, editable=False, db_comment="UUIDv7"
    )
    created_at = models.DateTimeField(
        _("created at"), editable=False, db_comment="When it was made, UTC"
    )
    created_by = person_field("Who made it")
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
        """Name the state of the row; an expectation of it is checked under the lock."""
        return str(self.version)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Leave constraints to the database; services explain what they refuse."""

    def expect(self, states: Container[str] | None) -> None:
        """Refuse when the row is in none of the states that the actor knows of."""
        if states is not None and self.etag not in states:
            raise Stale

    def stamp(self, *, by: User | None, at: datetime) -> None:
        """Fill in who makes this row, and when."""
        self.created_at = self.updated_at = at
        self.created_by = self.updated_by = by

    def assign(
        self,
        *,
        by: User | None,
        at: datetime,
        besides: Changes | None = None,
        **values: Any,
    ) -> Changes:
        """Take the values in memory; return {field: [before, after]} of what differs.

        The version rises when something differs, be it beyond the row's own columns
        (`besides`).
        """
        changes: Changes = {}
        for name, value in values.items():
            before = self._plain(name)
            setattr(self, name, value)
            if before != (after := self._plain(name)):
                changes[name] = [before, after]
        changes |= besides or {}
        if changes:
            self.version += 1
            self.updated_at, self.updated_by = at, by
        return changes

    def change(
        self,
        *,
        by: User | None,
        at: datetime,
        besides: Changes | None = None,
        **values: Any,
    ) -> Changes:
        """Assign the values and save the columns that they name, and no others."""
        changes = self.assign(by=by, at=at, besides=besides, **values)
        if changes:
            names = [*values, *self._companions(values)]
            self.save(update_fields=[*names, "version", "updated_at", "updated_by"])
        return changes

    def as_made(self) -> Changes:
        """Return the changes that an event of its making tells."""
        return {
            name: [None, value]
            for name, value in self._state_now()
            if value is not None
        }

    def as_gone(self) -> Changes:
        """Return the changes that an event of its end tells."""
        return {
            name: [value, None]
            for name, value in self._state_now()
            if value is not None
        }

    def _state_now(self) -> list[tuple[str, Any]]:
        return [(name, self._plain(name)) for name in self.recorded]

    def _plain(self, name: str) -> Any:
        field = self._meta.get_field(name)
        return plain(getattr(self, getattr(field, "attname", name)))

    def _companions(self, changed: Iterable[str]) -> list[str]:
        """Return the computed columns that follow the changed ones."""
        return [
            field.name
            for field in self._meta.concrete_fields
            if not set(getattr(field, "of", ())).isdisjoint(changed)
        ]


def plain(value: Any) -> Any:
    """Return the value as JSON can hold it."""
    match value:
        case UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return value
