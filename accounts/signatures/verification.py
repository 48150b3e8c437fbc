"""Verify the signature of a request.

The library builds what was signed and compares it. Its clock is not used, and nothing
is believed but what it reports as covered by a valid signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import http_sf
from django.http import HttpRequest
from django.utils.translation import gettext as _
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    MappingKeyResolver,
    VerificationKey,
    VerifyResult,
    algorithms,
)

from accounts.models import ApiKey, Signature
from accounts.public_keys import load_public_key
from accounts.signatures import errors
from accounts.signatures.message import Message, message_of
from core.api.digests import expect_digests, read_digests
from core.api.parsers import body_length, is_streamed
from core.secrets import read_secret

MAX_AGE = timedelta(seconds=300)
MAX_AHEAD = timedelta(seconds=5)  # by which the client's clock may be fast
MAX_NONCE = 64  # characters
ALGORITHMS: dict[str, type[HTTPSignatureAlgorithm]] = {
    Signature.HMAC_SHA256: algorithms.HMAC_SHA256,
    Signature.ED25519: algorithms.ED25519,
}
DIGEST = '"content-digest"'


@dataclass(frozen=True)
class Signed:
    """What a valid signature says apart from the request's content."""

    nonce: str
    created_at: datetime


class _Verifier(HTTPMessageVerifier):
    """Leaves times to `_require_recent`, which tells its refusals apart."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        pass


def is_signed(request: HttpRequest) -> bool:
    return "Signature-Input" in request.headers or "Signature" in request.headers


def key_id_of(request: HttpRequest) -> str:
    """Return the public id of the key that the request claims to be signed with."""
    fields = [request.headers.get(name) for name in ("Signature-Input", "Signature")]
    if not all(fields):
        raise errors.SignatureMissing
    try:
        inputs: Any = http_sf.parse(str(fields[0]).encode(), tltype="dictionary")
        [(_components, parameters)] = inputs.values()
    except ValueError:  # also if there are several
        raise errors.SignatureMalformed from None
    key_id = parameters.get("keyid")
    if not isinstance(key_id, str):
        raise errors.SignatureMalformed
    return key_id


def verify_request(request: HttpRequest, key: ApiKey, now: datetime) -> Signed:
    """Return what the signature says, if it is this key's and covers the request.

    The nonce may have been used before. A body that is not in memory is compared with
    its digest while it is read.
    """
    result = verify_signature(
        message_of(request),
        algorithm=ALGORITHMS[str(key.signature)],
        key_id=key.public_id,
        key=_verification_key(key),
    )
    _require_coverage(request, result)
    signed = _read(result)
    _require_recent(signed, result, now)
    if DIGEST in result.covered_components:
        _compare_body(request, result.covered_components[DIGEST])
    return signed


def verify_signature(
    message: Message,
    *,
    algorithm: type[HTTPSignatureAlgorithm],
    key_id: str,
    key: VerificationKey,
) -> VerifyResult:
    """Return what the only signature of a message covers, or raise SignatureInvalid."""
    keys = MappingKeyResolver(public_keys={key_id: key}, private_keys={})
    verifier = _Verifier(signature_algorithm=algorithm, key_resolver=keys)
    try:
        [result] = verifier.verify(message, max_age=None)
    except HTTPMessageSignaturesException:
        raise errors.SignatureInvalid from None
    return result


def required_components(request: HttpRequest) -> list[str]:
    """Return what a signature must cover: everything that a request acts on."""
    if not body_length(request):
        return ["@method", "@target-uri"]
    of_body = ["content-digest"]
    if request.headers.get("Content-Type"):
        of_body.append("content-type")
    return ["@method", "@target-uri", *of_body]


def _verification_key(key: ApiKey) -> VerificationKey:
    if key.secret is not None:
        return read_secret(key.secret)
    return load_public_key(str(key.public_key))


def _require_coverage(request: HttpRequest, result: VerifyResult) -> None:
    missing = [
        name
        for name in required_components(request)
        if f'"{name}"' not in result.covered_components
    ]
    missing += [name for name in ("created", "nonce") if name not in result.parameters]
    if missing:
        names = ", ".join(missing)
        raise errors.NotSigned(_("The signature must also cover: %s.") % names)


def _read(result: VerifyResult) -> Signed:
    nonce, created = str(result.nonce), int(result.parameters["created"])
    if not (0 < len(nonce) <= MAX_NONCE):
        raise errors.SignatureMalformed
    return Signed(nonce, _moment(created))


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise errors.SignatureMalformed from None


def _require_recent(signed: Signed, result: VerifyResult, now: datetime) -> None:
    if signed.created_at > now + MAX_AHEAD:
        raise errors.SignatureFromFuture
    expires = result.parameters.get("expires")
    is_expired = expires is not None and _moment(int(expires)) < now
    if signed.created_at < now - MAX_AGE or is_expired:
        raise errors.SignatureTooOld


def _compare_body(request: HttpRequest, field: str) -> None:
    digests = read_digests(field)
    if is_streamed(request):
        expect_digests(request, field)
        return
    digests.update(request.body)
    digests.check()
