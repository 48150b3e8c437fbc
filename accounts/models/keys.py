"""API keys."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from core.models.base import Recorded, person_field
from core.scoping import ScopedQuerySet
from core.text import validate_storable, validate_visible

PREFIX = "tdo"
LAST_USED_STEP = timedelta(minutes=1)


class ApiKeyQuerySet(ScopedQuerySet["ApiKey"]):
    def visible_to(self, user: User) -> Self:
        """Keep the person's own keys; all keys if they may revoke any."""
        if user.has_perm("accounts.revoke_apikey"):
            return self
        return self.filter(user=user)

    def editable_by(self, user: User) -> Self:
        """Keep the person's own keys and those of people whom they may manage."""
        if user.has_perm("accounts.revoke_apikey"):
            managed = User.objects.manageable_by(user)
            return self.filter(Q(user=user) | Q(user__in=managed))
        return self.filter(user=user)

    def with_editable(self, user: User) -> Self:
        """Add whether the user may revoke each visible key, as `is_editable`."""
        managed = User.objects.manageable_by(user).filter(pk=OuterRef("user"))
        return self.annotate(is_editable=Exists(managed))

    def usable(self, now: datetime) -> Self:
        """Keep the keys that are not revoked, expired or of a disabled person."""
        alive = Q(expires_at=None) | Q(expires_at__gt=now)
        return self.filter(alive, revoked_at=None, user__is_active=True)

    def mark_used(self, now: datetime) -> int:
        """Save the last use, at most once a minute for each key."""
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USED_STEP)
        return self.filter(stale).update(last_used_at=now)


class ApiKey(Recorded):
    """A key: `tdo_<public id>_<secret>`; only a SHA-256 of the secret is stored.

    A plain hash is enough: the secret is 256 random bits, not a password.
    """

    recorded = ("name", "scopes", "encryption_key", "expires_at", "revoked_at")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="api_keys",
        editable=False,
        verbose_name=_("person"),
        db_index=False,  # the index of newest keys begins with it
        db_comment="Whose key it is",
    )
    public_id = models.CharField(
        _("public id"),
        max_length=32,
        unique=True,
        editable=False,
        db_comment="Identifies the key; not secret",
    )
    secret_hash = models.CharField(
        max_length=64, editable=False, db_comment="SHA-256 of the secret, hexadecimal"
    )
    name = models.CharField(
        _("name"),
        max_length=100,
        validators=[validate_storable, validate_visible],
        db_comment="Name given by the owner",
    )
    scopes = models.JSONField(
        _("scopes"),
        default=list,
        db_comment="Array of resource:read and resource:write",
    )
    encryption_key = models.JSONField(
        _("public key for responses"),
        null=True,
        blank=True,
        db_comment="The client's public key, to which responses are encrypted "
        "on request; a JSON Web Key (RFC 7517)",
    )
    expires_at = models.DateTimeField(
        _("expires at"), null=True, blank=True, db_comment="UTC; NULL for never"
    )
    last_used_at = models.DateTimeField(
        _("last used at"), null=True, editable=False, db_comment="UTC, to the minute"
    )
    revoked_at = models.DateTimeField(
        _("revoked at"),
        null=True,
        editable=False,
        db_comment="UTC; NULL unless revoked",
    )
    revoked_by = person_field("Who revoked it")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        permissions = [("revoke_apikey", _("Can see and revoke everyone's API keys"))]
        db_table_comment = "API keys"
        indexes = [
            models.Index(fields=["user", "created_at", "id"], name="apikey_of_person"),
            models.Index(fields=["created_at", "id"], name="apikey_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="apikey_has_name"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=models.F("created_at")),
                name="apikey_expires_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({PREFIX}_{self.public_id}_…)"

    def set_new_secret(self) -> str:
        """Set a new secret; return the whole token, which is not stored."""
        secret = secrets.token_urlsafe(32)
        self.public_id = secrets.token_hex(8)
        self.secret_hash = hash_secret(secret)
        return f"{PREFIX}_{self.public_id}_{secret}"

    def is_usable(self, now: datetime) -> bool:
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not expired and self.user.is_active

    def allows(self, scope: str) -> bool:
        return scope in self.scopes


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of the secret in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
