"""Keys for encrypted bodies, as JSON Web Keys (RFC 7517)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from core.errors import Invalid

Key = ECKey | RSAKey

CURVE = "P-256"
RSA_BITS = 3072  # of our own keys
CLIENT_RSA_BITS = range(2048, 4096 + 1)
# How the key of a message is encrypted (RFC 7518 §4), by type of key.
ALGORITHMS = {"EC": "ECDH-ES+A256KW", "RSA": "RSA-OAEP-256"}
# The members that make up a public key, with the most characters of each.
MEMBERS = {
    "EC": {"crv": 5, "x": 43, "y": 43},
    "RSA": {"n": 683, "e": 4},
}
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
EXPONENT = "AQAB"  # 65537
KID_LENGTH = 128


class PublicKeyRefused(Invalid):
    code = "public_key_refused"
    message = _("Give an EC key on P-256, or an RSA key of 2048 to 4096 bits.")


class PrivateKeySent(Invalid):
    code = "private_key_sent"
    message = _(
        "This is a private key. It is no longer secret: create another key, and send "
        "only its public members."
    )


def generate(key_type: str) -> Key:
    """Return a new private key; one for RSA takes up to a second."""
    if key_type == "EC":
        return ECKey.generate_key(CURVE)
    return RSAKey.generate_key(RSA_BITS)


def import_public(members: Mapping[str, Any]) -> Key:
    """Return the public key with these members; raise ValueError if it is not valid."""
    kind = members.get("kty")
    if kind not in MEMBERS:
        raise ValueError("The type of the key is not known.")
    given: dict[str, Any] = {"kty": kind}
    for name, most in MEMBERS[kind].items():
        value = members.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most:
            raise ValueError(f"The member {name} of the key is not valid.")
        given[name] = value
    if given.get("crv", CURVE) != CURVE or given.get("e", EXPONENT) != EXPONENT:
        raise ValueError("The curve or the exponent of the key is not allowed.")
    if kind == "RSA" and bits_of(given["n"]) not in CLIENT_RSA_BITS:
        raise ValueError("The key is too short or too long.")
    try:
        return ECKey.import_key(given) if kind == "EC" else RSAKey.import_key(given)
    except JoseError as error:
        raise ValueError(str(error)) from error


def checked_public_key(given: Mapping[str, Any]) -> dict[str, str]:
    """Return a client's public key with its `kid`, or refuse it.

    The default `kid` is the thumbprint (RFC 7638).
    """
    if PRIVATE & given.keys():
        raise PrivateKeySent(field="d")
    try:
        key = import_public(given)
    except ValueError:
        raise PublicKeyRefused(field="kty") from None
    _require_description(given, key.key_type)
    return public_members(key) | {"kid": given.get("kid") or key.thumbprint()}


def bits_of(number: str) -> int:
    """Return the length of a number in base64url."""
    return int.from_bytes(urlsafe_b64decode(number.encode())).bit_length()


def _require_description(given: Mapping[str, Any], key_type: str) -> None:
    """Refuse members that are not known, or say that the key has another purpose."""
    algorithm, kid = ALGORITHMS[key_type], given.get("kid", "")
    allowed = {"use": {"enc"}, "alg": {algorithm}, "kty": {key_type}, "kid": {kid}}
    for name in given.keys() - MEMBERS[key_type].keys():
        if given[name] not in allowed.get(name, ()):
            raise PublicKeyRefused(field=name)
    if len(kid) > KID_LENGTH or not kid.isascii() or not kid.isprintable():
        raise PublicKeyRefused(field="kid")


def public_members(key: Key) -> dict[str, str]:
    """Return what makes up the public key."""
    members: dict[str, Any] = key.as_dict(private=False)
    return {name: str(members[name]) for name in ("kty", *MEMBERS[key.key_type])}
