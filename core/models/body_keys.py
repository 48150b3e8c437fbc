"""Keys to which clients encrypt the bodies of their requests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q

from core.models.secrets import StoredSecret

# Bodies encrypted to a retired key are accepted for so long.
GRACE = timedelta(days=30)


class BodyKeyQuerySet(models.QuerySet["BodyKey"]):
    def current(self) -> Self:
        """Keep the keys that clients should use."""
        return self.filter(retired_at=None)

    def accepted(self, now: datetime) -> Self:
        """Keep the keys to which a body may be encrypted."""
        return self.filter(Q(retired_at=None) | Q(retired_at__gt=now - GRACE))

    def ended(self, now: datetime) -> Self:
        """Keep the keys that are not accepted any more."""
        return self.filter(retired_at__lte=now - GRACE)


class BodyKey(models.Model):
    """A key pair for encrypted bodies; see `core.body_keys`."""

    kid = models.CharField(
        primary_key=True,
        max_length=43,
        editable=False,
        db_comment="Thumbprint of the public key (RFC 7638)",
    )
    algorithm = models.CharField(
        max_length=16, editable=False, db_comment="ECDH-ES+A256KW or RSA-OAEP-256"
    )
    public_key = models.JSONField(
        editable=False, db_comment="The public key, a JSON Web Key (RFC 7517)"
    )
    secret = models.OneToOneField(
        StoredSecret,
        models.PROTECT,
        related_name="+",
        editable=False,
        db_comment="The private key (PKCS #8)",
    )
    created_at = models.DateTimeField(editable=False, db_comment="UTC")
    retired_at = models.DateTimeField(
        null=True, editable=False, db_comment="When another replaced it, UTC"
    )

    objects = BodyKeyQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        db_table_comment = "Keys to which clients encrypt the bodies of requests"
        constraints = [
            models.UniqueConstraint(
                fields=["algorithm"],
                condition=Q(retired_at=None),
                name="bodykey_one_is_current",
            )
        ]

    def __str__(self) -> str:
        return self.kid
