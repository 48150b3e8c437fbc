"""Authentication of API requests: by key, signature, or the session of a browser."""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from datetime import datetime
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from rest_framework import authentication
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.credentials import NO_SECRET, find_key
from accounts.models import ApiKey, User, hash_secret
from accounts.models.keys import LAST_USED_STEP, PREFIX
from accounts.services.nonces import use_nonce
from accounts.signatures.errors import NonceReused, SignatureRequired
from accounts.signatures.verification import is_signed, key_id_of, verify_request
from core.api.parsers import is_streamed
from core.timeouts import without_waiting


class InvalidKey(AuthenticationFailed):
    default_code = "invalid_key"
    default_detail = _("This API key is not valid.")


class CsrfFailed(PermissionDenied):
    default_code = "csrf_failed"
    default_detail = _("The CSRF token is missing or wrong.")


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer tdo_<public id>_<secret>` (RFC 6750 §2.1).

    Unknown, wrong, expired and revoked keys, and those of disabled people, get the
    same response in the same time. A signed-only key gets a response of its own, which
    says that its requests must be signed: its public id is not secret.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        given = parts_of(request.headers.get("Authorization", ""))
        if given is None:
            return None
        now = timezone.now()
        key = require_usable(find_key(*given), now)
        if key.signature is not None:
            raise SignatureRequired
        mark_used(key, now)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class SignatureAuthentication(BaseAuthentication):
    """A signature by a signed-only key (RFC 9421), instead of a token.

    A request with a token is one without a signature: what its sender or a proxy signs
    is not meant for this service.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        signed_request = request._request
        if not is_signed(signed_request):
            return None
        now = timezone.now()
        key = require_usable(find_key(key_id_of(signed_request)[:64], NO_SECRET), now)
        signed = verify_request(signed_request, key, now)
        if not use_nonce(key=key, nonce=signed.nonce, signed_at=signed.created_at):
            raise NonceReused
        mark_used(key, now)
        return key.user, key


def require_usable(key: ApiKey | None, now: datetime) -> ApiKey:
    if key is None or not key.is_usable(now):
        raise InvalidKey
    return key


def mark_used(key: ApiKey, now: datetime) -> None:
    """Note the use of the key, unless that was noted a moment ago."""
    if key.last_used_at is not None and key.last_used_at > now - LAST_USED_STEP:
        return
    # A read request must not wait for a lock just to record the last use.
    with suppress(OperationalError), without_waiting():
        ApiKey.objects.filter(pk=key.pk).mark_used(timezone.now())


def parts_of(header: str) -> tuple[str, str] | None:
    """Return the public id of a key and the hash of its secret; None if it has none."""
    scheme, _space, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return None
    prefix, _dash, rest = token.strip().partition("_")
    public_id, _dash, secret = rest.partition("_")
    return (public_id[:64] if prefix == PREFIX else ""), hash_secret(secret)


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of a browser; writes also need the page's CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        checked: Any = request
        if is_streamed(request._request):
            checked = without_form(request._request)
        else:
            # The check looks for the token in the form. Read the body first, or the
            # framework would use the form that the check parsed, not our own parsers.
            request._request.body  # noqa: B018
        try:
            super().enforce_csrf(checked)
        except PermissionDenied:
            raise CsrfFailed from None


def without_form(request: HttpRequest) -> HttpRequest:
    """Return a copy without form data, so that only the header can hold the CSRF token.

    A body above the default limit is not read before its sender is authenticated.
    """
    checked = copy(request)
    checked.POST, checked._files = QueryDict(), MultiValueDict()  # type: ignore[attr-defined]
    return checked
