"""Stored files."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from core.ids import new_id
from core.models import StoredSecret
from core.users import User


class StoredFileQuerySet(models.QuerySet["StoredFile"]):
    def existing(self) -> Self:
        """Keep the files that are not deleted."""
        return self.filter(deleted_at=None)

    def needed(self, *, since: datetime) -> Self:
        """Keep the files that existed at a moment, or later."""
        return self.filter(Q(deleted_at=None) | Q(deleted_at__gte=since))

    def of(self, user: User) -> Self:
        """Keep the files that the user has uploaded."""
        return self.existing().filter(uploaded_by=user)

    def total_size(self) -> int:
        """Return the size of all of them, in bytes."""
        return int(self.aggregate(total=Sum("size", default=0))["total"])


class StoredFile(models.Model):
    """A file in the store; the rows that refer to it decide who may see it.

    The object in the store has the name of the row, and is encrypted with a key of its
    own. A deleted file has no key any more; the object itself is deleted a day later.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    size = models.BigIntegerField(_("size"), db_comment="Bytes of content")
    media_type = models.CharField(
        _("type"), max_length=100, db_comment="By its first bytes, not as declared"
    )
    sha256 = models.CharField(max_length=64, db_comment="Of the content, hexadecimal")
    secret: Any = models.OneToOneField(
        StoredSecret,
        models.PROTECT,
        null=True,
        related_name="+",
        db_comment="Its key; NULL once it is deleted",
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_comment="Whose quota it counts against",
    )
    created_at = models.DateTimeField(db_comment="UTC")
    deleted_at = models.DateTimeField(null=True, db_comment="UTC")

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = _("file")
        verbose_name_plural = _("files")
        db_table_comment = "Encrypted files; their content is in the file store"
        indexes = [
            models.Index(
                fields=["uploaded_by"],
                include=["size"],
                condition=Q(deleted_at=None),
                name="storedfile_of_person",
            ),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="storedfile_deleted",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(size__gte=0), name="storedfile_size"),
            models.CheckConstraint(
                condition=Q(deleted_at=None, secret__isnull=False)
                | Q(deleted_at__isnull=False, secret=None),
                name="storedfile_has_key_or_is_deleted",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def object_name(self) -> str:
        return object_name(self.pk)


# The store has 256 folders. Ids that were made at about the same time differ in their
# last digits, so the files of a day are spread over all of them.
FOLDERS = tuple(f"{number:02x}" for number in range(256))


def object_name(pk: UUID) -> str:
    """Return the name in the store of the file with this id."""
    return f"{pk.hex[-2:]}/{pk.hex}"
