"""Create and revoke API keys."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Container, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Signature, User
from accounts.public_keys import normalize_public_key
from core import events
from core.errors import Forbidden, Invalid, Missing
from core.jwk import checked_public_key
from core.registry import registry
from core.rights import require
from core.secrets import store_secret


@transaction.atomic
def issue_key(
    *,
    actor: User | None,
    user: User,
    name: str,
    now: datetime,
    scopes: Collection[str] | None = None,
    expires_at: datetime | None = None,
    encryption_key: Mapping[str, str] | None = None,
    issued_with: ApiKey | None = None,
    signature: str | None = None,
    public_key: str | None = None,
) -> tuple[ApiKey, str]:
    """Create a key for a person; return it with its token, which is not stored.

    A signed-only key (`signature`) has no token: return the secret that signs, or ""
    if the client signs with the private key of `public_key`.

    A key created with another key (`issued_with`) has no more scopes, expires no later
    and is signed only if that one is.
    """
    require(actor, "accounts.add_apikey")
    if actor not in (None, user):
        raise Forbidden
    scopes = sorted(set(registry.default_scopes if scopes is None else scopes))
    _check(scopes, expires_at, now)
    if issued_with is not None:
        scopes, expires_at = _within(issued_with, scopes, expires_at)
        if issued_with.signature is not None and signature is None:
            raise Invalid(
                _("A signed-only key can only create signed-only keys."),
                field="signature",
            )
    key = ApiKey(
        user=user,
        name=name,
        scopes=scopes,
        expires_at=expires_at,
        encryption_key=_checked(encryption_key),
    )
    shown = _set_credential(key, signature, public_key, now)
    key.stamp(by=actor, at=now)
    key.save()
    changes = key.created_changes() | {"user": [None, str(user.pk)]}
    events.record(
        actor=actor, verb="apikey.created", target=key, changes=changes, at=now
    )
    return key, shown


@transaction.atomic
def set_encryption_key(
    *,
    actor: User,
    key: ApiKey,
    encryption_key: Mapping[str, str] | None,
    now: datetime,
    expected: Container[str] | None = None,
) -> ApiKey:
    """Set the public key to which responses are encrypted; None removes it.

    Only the owner of the API key may do this.
    """
    require(actor, "accounts.change_apikey")
    own = ApiKey.objects.select_for_update(of=("self",)).filter(user=actor)
    found: ApiKey | None = own.filter(pk=key.pk).first()
    if found is None:
        raise Missing
    found.expect(expected)
    public_key = _checked(encryption_key)
    if changes := found.change(by=actor, at=now, encryption_key=public_key):
        events.record(
            actor=actor, verb="apikey.changed", target=found, changes=changes, at=now
        )
    return found


@transaction.atomic
def revoke_key(*, actor: User | None, key: ApiKey, now: datetime) -> None:
    """Revoke a key permanently; revoking it again changes nothing."""
    require(actor, "accounts.delete_apikey")
    try:
        key = ApiKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    except ApiKey.DoesNotExist:
        raise Missing from None
    if actor is not None:
        if not ApiKey.objects.visible_to(actor).filter(pk=key.pk).exists():
            raise Missing
        if not ApiKey.objects.editable_by(actor).filter(pk=key.pk).exists():
            raise Forbidden
    if key.revoked_at is None:
        _revoke(key, actor=actor, now=now)


def revoke_keys_of(person: User, *, actor: User | None, now: datetime) -> None:
    """Revoke all keys of a locked person."""
    keys = ApiKey.objects.select_for_update(of=("self",)).filter(user=person)
    for key in keys.filter(revoked_at=None).order_by("pk"):
        _revoke(key, actor=actor, now=now)


def _revoke(key: ApiKey, *, actor: User | None, now: datetime) -> None:
    changes = key.change(by=actor, at=now, revoked_at=now, revoked_by=actor)
    events.record(
        actor=actor, verb="apikey.revoked", target=key, changes=changes, at=now
    )


def read_public_key(text: str) -> str:
    """Return an Ed25519 public key in base64url, or refuse what is none."""
    try:
        return normalize_public_key(text)
    except ValueError:
        raise Invalid(
            _("This is not an Ed25519 public key, in PEM or base64."),
            field="public_key",
        ) from None


def _set_credential(
    key: ApiKey, signature: str | None, public_key: str | None, now: datetime
) -> str:
    """Set what requests prove themselves with; return what to show of it, once."""
    if (signature == Signature.ED25519) != bool(public_key):
        raise Invalid(
            _("Give a public key with Ed25519, and only then."), field="public_key"
        )
    if signature is None:
        return key.set_new_secret()
    key.set_public_id()
    key.signature = signature
    if signature == Signature.HMAC_SHA256:
        # The prefix is for programs that look for leaked secrets.
        secret = f"tds_{secrets.token_urlsafe(32)}"
        key.secret = store_secret(secret.encode(), now=now)
        return secret
    key.public_key = read_public_key(public_key or "")
    return ""


def _checked(encryption_key: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if encryption_key is None else checked_public_key(encryption_key)


def _check(scopes: Collection[str], expires_at: datetime | None, now: datetime) -> None:
    if not scopes:
        raise Invalid(_("A key needs at least one scope."), field="scopes")
    if unknown := set(scopes) - set(registry.scopes):
        raise Invalid(
            _("Unknown scopes: %s.") % ", ".join(sorted(unknown)), field="scopes"
        )
    if expires_at is not None and expires_at <= now:
        raise Invalid(_("The expiry must be in the future."), field="expires_at")


def _within(
    parent: ApiKey, scopes: list[str], expires_at: datetime | None
) -> tuple[list[str], datetime | None]:
    if not set(scopes) <= set(parent.scopes):
        raise Invalid(
            _("A key can only create keys with scopes that it has itself."),
            field="scopes",
        )
    ends = [moment for moment in (parent.expires_at, expires_at) if moment is not None]
    return scopes, min(ends, default=None)
