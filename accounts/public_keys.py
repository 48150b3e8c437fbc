"""Ed25519 public keys, in the forms in which clients have them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

MOST = 1000  # characters that a public key is given with
_BASE64 = re.compile(r"[A-Za-z0-9_-]{43}")
_PRIME = 2**255 - 19
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# The y coordinates of the points of small order: a signature of such a key would be
# valid for many messages.
_WEAK = {0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8}


def normalize_public_key(text: str) -> str:
    """Return the key in base64url (RFC 8037 §2), given so, in base64 or as PEM.

    Raise ValueError if it is not an Ed25519 public key.
    """
    raw = _from_pem(text) if text.lstrip().startswith("-----") else _from_base64(text)
    y = int.from_bytes(raw, "little") % 2**255
    if y % _PRIME in _WEAK:
        raise ValueError("the key is weak")
    return urlsafe_b64encode(raw).decode().rstrip("=")


def load_public_key(text: str) -> Ed25519PublicKey:
    """Return the key that `normalize_public_key` returned."""
    return Ed25519PublicKey.from_public_bytes(_from_base64(text))


def _from_pem(text: str) -> bytes:
    try:
        key = load_pem_public_key(text.strip().encode())
    except (UnsupportedAlgorithm, UnicodeEncodeError) as error:
        raise ValueError("the key has an unknown kind") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the key has another algorithm")
    return key.public_bytes_raw()


def _from_base64(text: str) -> bytes:
    plain = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    if not _BASE64.fullmatch(plain):
        raise ValueError("a key has 32 bytes")
    return urlsafe_b64decode(f"{plain}=")
