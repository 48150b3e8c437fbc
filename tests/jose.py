"""Encrypted bodies as clients make them: with joserfc, and without it.

`encrypt_by_hand` knows only `cryptography` and RFC 7518, so that the service and the
tests do not share a mistake of the library.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from core import body_keys, jwk

EC, RSA, GCM = "ECDH-ES+A256KW", "RSA-OAEP-256", "A256GCM"
REGISTRY = jwe.JWERegistry(algorithms=[EC, RSA, GCM])
KEY_SET = "/.well-known/jwks.json"


generated = cache(jwk.generate)


def generate_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all tests share the keys of the service: creating one for RSA takes long."""
    monkeypatch.setattr(body_keys, "generate", generated)


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def our_keys(api: Any) -> dict[str, dict[str, str]]:
    """Return the published keys of the service by algorithm."""
    return {key["alg"]: key for key in api.get(KEY_SET).json()["keys"]}


def imported(key: dict[str, str]) -> ECKey | RSAKey:
    return (ECKey if key["kty"] == "EC" else RSAKey).import_key(dict(key))


def header_for(key: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"alg": key["alg"], "enc": GCM, "kid": key["kid"], **more}


def encrypt(key: dict[str, str], content: Any, **header: Any) -> str:
    """Return the content, by default JSON, encrypted to the key (compact)."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    registry = jwe.JWERegistry(
        algorithms=[EC, RSA, GCM, "DEF"], strict_check_header=False
    )
    return jwe.encrypt_compact(
        header_for(key, **header), content, imported(key), registry=registry
    )


def encrypt_json(key: dict[str, str], content: Any, *, general: bool) -> dict[str, Any]:
    """Return the content encrypted to the key, in a JSON serialisation."""
    kind = jwe.GeneralJSONEncryption if general else jwe.FlattenedJSONEncryption
    text = json.dumps(content).encode()
    message = kind({"enc": GCM, "typ": "JOSE+JSON"}, text, aad=b"for the garden")
    message.add_recipient({"alg": key["alg"]}, imported(key))
    result: Any = jwe.encrypt_json(message, None, registry=REGISTRY)
    return result


def decrypt(private: ECKey | RSAKey, text: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header and the content of a message to a client."""
    found = jwe.decrypt_compact(text, private, registry=LARGE)
    assert found.plaintext is not None
    return found.protected, found.plaintext


class LargeRegistry(jwe.JWERegistry):
    max_ciphertext_length = 4 * 1024 * 1024


LARGE = LargeRegistry(algorithms=[EC, RSA, GCM])


def encrypt_by_hand(
    key: dict[str, str],
    content: bytes,
    *,
    header: dict[str, Any] | None = None,
    content_key: bytes | None = None,
) -> str:
    """Return a compact message that no library has seen."""
    content_key = content_key or os.urandom(32)
    header = header_for(key, **(header or {}))
    if key["kty"] == "EC":
        header["epk"], wrapping = agree(key)
        encrypted_key = aes_key_wrap(wrapping, content_key)
    else:
        n, e = (int.from_bytes(unb64(key[part]), "big") for part in "ne")
        oaep = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)
        public = rsa.RSAPublicNumbers(e, n).public_key()
        encrypted_key = public.encrypt(content_key, oaep)
    protected = b64(json.dumps(header, indent=1).encode())  # as few libraries write it
    iv = os.urandom(12)
    sealed = AESGCM(content_key).encrypt(iv, content, protected.encode())
    parts = (encrypted_key, iv, sealed[:-16], sealed[-16:])
    return ".".join([protected, *map(b64, parts)])


def agree(key: dict[str, str]) -> tuple[dict[str, str], bytes]:
    """Return an ephemeral public key, and the key agreed with it (RFC 7518 §4.6)."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    numbers = ephemeral.public_key().public_numbers()
    epk = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(numbers.x.to_bytes(32, "big")),
        "y": b64(numbers.y.to_bytes(32, "big")),
    }
    secret = ephemeral.exchange(ec.ECDH(), point(key))
    return epk, derive(secret, EC, bits=256)


def point(key: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(unb64(key[part]), "big") for part in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def derive(
    secret: bytes, algorithm: str, *, bits: int, apu: bytes = b"", apv: bytes = b""
) -> bytes:
    """Derive a key of up to 256 bits (Concat KDF, NIST SP 800-56A §5.8.1)."""
    parts = (algorithm.encode(), apu, apv)
    info = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    text = struct.pack(">I", 1) + secret + info + struct.pack(">I", bits)
    return hashlib.sha256(text).digest()[: bits // 8]
