"""The pictures of people."""

from __future__ import annotations

from django.db import models

from accounts.models.people import AVATAR_NAME, User


class Avatar(models.Model):
    """The picture of a person, in a table of its own: lists of people never read it.

    The files that are served are made of it, so backups, replicas and further hosts
    need nothing else.
    """

    user = models.OneToOneField(
        User,
        models.CASCADE,
        primary_key=True,
        related_name="+",
        db_comment="Whose picture it is",
    )
    name = models.CharField(
        max_length=AVATAR_NAME,
        unique=True,
        db_comment="Of its files: a digest of person and image",
    )
    image = models.BinaryField(db_comment="WebP, at most 512 × 512 pixels")
    created_at = models.DateTimeField(db_comment="When it was uploaded, UTC")

    class Meta:
        default_permissions = ()
        db_table_comment = "Pictures of people"

    def __str__(self) -> str:
        return self.name
