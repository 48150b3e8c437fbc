"""Nonces of signed requests, so that none takes effect twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models

from accounts.models.keys import ApiKey

# Longer than a signature is accepted, by far more than the clocks of servers differ.
KEPT = timedelta(minutes=15)


class UsedNonceQuerySet(models.QuerySet["UsedNonce"]):
    def outdated(self, now: datetime) -> Self:
        """Keep the nonces of signatures that are too old to be accepted again."""
        return self.filter(signed_at__lt=now - KEPT)


class UsedNonce(models.Model):
    """A nonce that a key has signed a request with."""

    key = models.ForeignKey(
        ApiKey,
        models.CASCADE,
        related_name="+",
        db_index=False,  # the constraint begins with it
        db_comment="The key that signed",
    )
    nonce = models.CharField(max_length=64, db_comment="What the client chose")
    signed_at = models.DateTimeField(db_comment="When it was signed, UTC")

    objects = UsedNonceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        db_table_comment = "Nonces of signed requests, for a few minutes"
        indexes = [models.Index(fields=["signed_at"], name="usednonce_age")]
        constraints = [
            models.UniqueConstraint(fields=["key", "nonce"], name="usednonce_once")
        ]

    def __str__(self) -> str:
        return self.nonce
