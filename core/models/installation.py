"""The epoch of the installation's data, and the time of its last backup."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.ids import new_id


class Installation(models.Model):
    """The only row, which identifies the data's epoch; a restore starts a new one."""

    id = models.PositiveSmallIntegerField(
        primary_key=True, default=1, editable=False, db_comment="Always 1"
    )
    epoch = models.UUIDField(
        default=new_id, editable=False, db_comment="New after a restore or promotion"
    )
    backed_up_at = models.DateTimeField(
        null=True, editable=False, db_comment="Start of the last complete backup, UTC"
    )
    cache_suspended_from = models.DateTimeField(
        null=True, editable=False, db_comment="Start of the present suspension, UTC"
    )
    cache_suspended_until = models.DateTimeField(
        null=True,
        editable=False,
        db_comment="Until then no answer is given without asking the database, UTC",
    )

    people_revision = models.BigIntegerField(
        default=0,
        db_default=0,
        editable=False,
        db_comment="Raised by each change of a person, whose name others see",
    )

    class Meta:
        default_permissions = ()
        db_table_comment = "This life of the data"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="installation_is_one")
        ]

    def __str__(self) -> str:
        return str(self.epoch)
