"""Counters of attempts to sign in with a password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

# A counter outlives its window, so that no attempt is counted in a row that is being
# deleted.
GRACE_PERIOD = timedelta(hours=1)


class AttemptCounterQuerySet(models.QuerySet["AttemptCounter"]):
    def ended(self, now: datetime) -> Self:
        """Keep the counters that no longer limit anything."""
        return self.filter(resets_at__lt=now - GRACE_PERIOD)


class AttemptCounter(models.Model):
    """How many attempts to sign in failed for an account, address or device.

    Names, addresses and devices are stored as keyed hashes only.
    """

    key = models.CharField(
        primary_key=True,
        max_length=64,
        editable=False,
        db_comment="Keyed hash of the account, address or device",
    )
    account = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        db_comment="Keyed hash of the user name; empty for an address as a whole",
    )
    count = models.PositiveIntegerField(
        default=0, editable=False, db_comment="Attempts that failed or are under way"
    )
    resets_at = models.DateTimeField(
        editable=False, db_comment="When the count starts again, UTC"
    )
    is_reported = models.BooleanField(
        default=False,
        editable=False,
        db_comment="Whether the event log has the lockout",
    )

    objects = AttemptCounterQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempts to sign in")
        default_permissions = ()
        db_table_comment = "Failed attempts to sign in, for limiting them"
        indexes = [
            models.Index(fields=["account"], name="attempts_of_account"),
            models.Index(fields=["resets_at"], name="attempts_end"),
        ]

    def __str__(self) -> str:
        return self.key
