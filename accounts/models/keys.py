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
from core.models import StoredSecret
from core.models.base import Recorded, person_field
from core.scoping import ScopedQuerySet
from core.text import validate_storable, validate_visible

PREFIX = "tdo"
LAST_USED_STEP = timedelta(minutes=1)


class Signature(models.TextChoices):
    """How the requests of a signed-only key are signed (RFC 9421 §3.3)."""

    HMAC_SHA256 = "hmac-sha256", _("HMAC-SHA256: a secret that both sides know")
    ED25519 = "ed25519", _("Ed25519: a key pair of the client")


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


# The credentials that a key can have, each without the others.
HAS_TOKEN = Q(signature=None, secret=None, public_key=None) & ~Q(secret_hash="")
HAS_HMAC_SECRET = Q(
    signature=Signature.HMAC_SHA256,
    secret__isnull=False,
    public_key=None,
    secret_hash="",
)
HAS_PUBLIC_KEY = Q(
    signature=Signature.ED25519,
    secret=None,
    public_key__isnull=False,
    secret_hash="",
)


class ApiKey(Recorded):
    """A key: `tdo_<public id>_<secret>`; only a SHA-256 of the secret is stored.

    A plain hash is enough: the secret is 256 random bits, not a password.

    A signed-only key has no such secret, so no token: its hash is empty, which is the
    hash of nothing. Requests are signed with it, and name it by its public id.
    """

    recorded = (
        "name",
        "scopes",
        "encryption_key",
        "expires_at",
        "revoked_at",
        "signature",
        "public_key",
    )

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
        max_length=64,
        editable=False,
        db_comment="SHA-256 of the secret, hexadecimal; empty if signed only",
    )
    signature = models.CharField(  # noqa: DJ001  (older events do not contain it)
        _("signature"),
        max_length=16,
        null=True,
        blank=True,
        choices=Signature,
        db_comment="Algorithm that signs every request; NULL if there is a token",
    )
    secret = models.ForeignKey(
        StoredSecret,
        models.PROTECT,
        null=True,
        related_name="+",
        editable=False,
        db_index=False,  # apikey_secret leaves out the keys without one
        db_comment="The secret of an HMAC",
    )
    public_key = models.CharField(  # noqa: DJ001  (older events do not contain it)
        _("public key"),
        max_length=43,
        null=True,
        blank=True,
        db_comment="Ed25519 public key of the client, base64url",
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
            models.Index(
                fields=["secret"],
                name="apikey_secret",
                condition=Q(secret__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="apikey_has_name"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=models.F("created_at")),
                name="apikey_expires_later",
            ),
            models.CheckConstraint(
                condition=HAS_TOKEN | HAS_HMAC_SECRET | HAS_PUBLIC_KEY,
                name="apikey_has_one_credential",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.short_name})"

    @property
    def short_name(self) -> str:
        """Return the part that is not secret, as its owner knows it."""
        if self.signature is not None:
            return self.public_id
        return f"{PREFIX}_{self.public_id}_…"

    def set_public_id(self) -> None:
        """Set a new public id, which nobody can guess."""
        self.public_id = secrets.token_hex(8)

    def set_new_secret(self) -> str:
        """Set a new secret; return the whole token, which is not stored."""
        secret = secrets.token_urlsafe(32)
        self.set_public_id()
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
