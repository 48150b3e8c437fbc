"""Encrypted messages (JWE, RFC 7516), limited to what this service accepts.

Algorithms and header parameters are allow-listed. All that fails between the encrypted
key and the authentication tag fails in the same way, so that nobody learns from our
answers how to decrypt the message of somebody else (RFC 7516 §11.5).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from joserfc.errors import JoseError
from joserfc.jwe import CompactEncryption, JWERegistry, Recipient, encrypt_compact
from joserfc.util import urlsafe_b64decode
from rest_framework.exceptions import ParseError

from core.api.parsers import parse_json
from core.errors import Invalid
from core.jwk import ALGORITHMS, KID_LENGTH, Key, import_public, public_members

ENCRYPTION = "A256GCM"
KEY_BYTES, IV_BYTES, TAG_BYTES = 32, 12, 16  # of AES-256-GCM (RFC 7518 §5.3)
REGISTRY = JWERegistry(algorithms=[*ALGORITHMS.values(), ENCRYPTION])
TEXTS = frozenset({"alg", "enc", "kid", "cty", "iss", "typ", "apu", "apv"})
PARAMETERS = TEXTS | {"epk"}
PROTECTED_ONLY = frozenset({"enc", "cty", "iss"})  # what they say must not be changed
MEMBERS = frozenset({"protected", "unprotected", "iv", "aad", "ciphertext", "tag"})
OF_RECIPIENT = frozenset({"header", "encrypted_key"})


class BodyMalformed(Invalid):
    code = "body_malformed"
    message = _("The body is not an encrypted message (RFC 7516) for one recipient.")


class BodyHeaderRefused(Invalid):
    code = "body_header_refused"
    message = _("The header of the encrypted body has a parameter that is not allowed.")


class BodyAlgorithmRefused(Invalid):
    code = "body_algorithm_refused"
    message = _(
        "Encrypt the body with A256GCM, and its key with the algorithm that the "
        "published key names."
    )


class BodyCompressed(Invalid):
    code = "body_compressed"
    message = _("Encrypted bodies must not be compressed.")


class BodyNotDecryptable(Invalid):
    code = "body_not_decryptable"
    message = _("The encrypted body was damaged, or encrypted with another key.")


@dataclass(frozen=True)
class Message:
    """An encrypted message, with its allowed header parameters."""

    header: dict[str, Any]
    authenticated: bytes  # the header as it was sent, which the tag protects as well
    encrypted_key: bytes
    iv: bytes
    ciphertext: bytes
    tag: bytes

    def __post_init__(self) -> None:
        _check_header(self.header)
        if (len(self.iv), len(self.tag)) != (IV_BYTES, TAG_BYTES):
            raise BodyMalformed

    @property
    def kid(self) -> str:
        return str(self.header.get("kid", ""))


def read_compact(text: bytes) -> Message:
    """Read the compact serialisation (RFC 7516 §7.1)."""
    parts = text.split(b".")
    if len(parts) != 5:
        raise BodyMalformed
    header, *others = parts
    return Message(_object(_decoded(header)), header, *map(_decoded, others))


def read_json(value: Any) -> Message:
    """Read the JSON serialisation (RFC 7516 §7.2), flattened or general."""
    members = _flattened(value)
    protected = _text(members, "protected")
    authenticated = protected
    if "aad" in members:
        authenticated += b"." + _text(members, "aad")
    parts = ("encrypted_key", "iv", "ciphertext", "tag")
    return Message(
        _joined_header(_object(_decoded(protected)), members),
        authenticated,
        *(_decoded(_text(members, name)) for name in parts),
    )


def decrypt(message: Message, key: Key) -> bytes:
    """Return the content of a message to this private key."""
    if message.header["alg"] != ALGORITHMS[key.key_type]:
        raise BodyAlgorithmRefused
    cipher = REGISTRY.get_enc(ENCRYPTION)
    content_key = _content_key(message, key)
    try:
        return cipher.decrypt(
            message.ciphertext,
            message.tag,
            content_key,
            message.iv,
            message.authenticated,
        )
    except JoseError:
        raise BodyNotDecryptable from None


def encrypt(content: bytes, *, to: Mapping[str, str], content_type: str) -> bytes:
    """Return a message to a client's public key, in the compact serialisation."""
    key = import_public(to)
    header = {
        "alg": ALGORITHMS[key.key_type],
        "enc": ENCRYPTION,
        "kid": to["kid"],
        "cty": content_type.removeprefix("application/"),
    }
    return encrypt_compact(header, content, key, registry=REGISTRY).encode()


def _content_key(message: Message, key: Key) -> bytes:
    """Return the key of the content; a random one if it cannot be decrypted.

    The tag of the content fails then, in the same time as for a changed message.
    """
    algorithm: Any = REGISTRY.get_alg(message.header["alg"])
    recipient: Recipient[Any] = Recipient(CompactEncryption(message.header), None, key)
    recipient.encrypted_key = message.encrypted_key
    try:
        if key.key_type == "EC":
            shared = algorithm.decrypt_agreed_upon_key(
                REGISTRY.get_enc(ENCRYPTION), recipient
            )
            found = algorithm.unwrap_cek_with_auk(message.encrypted_key, shared)
        else:
            found = algorithm.decrypt_cek(recipient)
    except (JoseError, ValueError):
        found = b""
    return found if len(found) == KEY_BYTES else secrets.token_bytes(KEY_BYTES)


def _check_header(header: dict[str, Any]) -> None:
    if any(not isinstance(header.get(name, ""), str) for name in TEXTS):
        raise BodyMalformed
    algorithms = (header.get("alg"), header.get("enc"))
    if algorithms not in [(one, ENCRYPTION) for one in ALGORITHMS.values()]:
        raise BodyAlgorithmRefused
    if "zip" in header:
        raise BodyCompressed
    if header.keys() - PARAMETERS:
        raise BodyHeaderRefused
    if len(header.get("kid", "")) > KID_LENGTH:
        raise BodyMalformed
    if header["alg"] == ALGORITHMS["EC"]:
        header["epk"] = _ephemeral_key(header.get("epk"))


def _ephemeral_key(given: object) -> dict[str, str]:
    """Return the sender's key without its other members, if it is on the curve."""
    if not isinstance(given, dict) or given.get("kty") != "EC" or "d" in given:
        raise BodyMalformed
    try:
        return public_members(import_public(given))
    except ValueError:
        raise BodyMalformed from None


def _flattened(value: Any) -> dict[str, Any]:
    """Return a message with one recipient as its flattened serialisation."""
    if not isinstance(value, dict):
        raise BodyMalformed
    recipient: dict[str, Any] = {}
    match value.get("recipients"):
        case None:
            shared = value
            allowed = MEMBERS | OF_RECIPIENT
        case [dict(recipient)]:
            shared = {name: value[name] for name in value if name != "recipients"}
            allowed = MEMBERS
        case _:
            raise BodyMalformed
    if shared.keys() - allowed or recipient.keys() - OF_RECIPIENT:
        raise BodyMalformed
    return shared | recipient


def _joined_header(protected: dict[str, Any], value: Mapping[str, Any]) -> Any:
    """Return all parameters; each occurs once (RFC 7516 §7.2.1)."""
    header = dict(protected)
    for part in ("unprotected", "header"):
        parameters = value.get(part, {})
        if not isinstance(parameters, dict) or parameters.keys() & header.keys():
            raise BodyMalformed
        if parameters.keys() & PROTECTED_ONLY:
            raise BodyMalformed
        header |= parameters
    return header


def _text(value: Mapping[str, Any], name: str) -> bytes:
    text = value.get(name)
    if not isinstance(text, str) or not text.isascii():
        raise BodyMalformed
    return text.encode()


def _decoded(text: bytes) -> bytes:
    try:
        return urlsafe_b64decode(text)
    except ValueError:
        raise BodyMalformed from None


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = parse_json(text)
    except ParseError:
        raise BodyMalformed from None
    if not isinstance(value, dict):
        raise BodyMalformed
    return value
