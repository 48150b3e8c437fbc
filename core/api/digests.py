"""Content-Digest (RFC 9530): whether a body is the one that its sender signed."""

from __future__ import annotations

import hashlib
from hmac import compare_digest
from typing import Any

import http_sf
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError

ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_EXPECTED = "expected_digests"  # attribute of a request


class DigestUnknown(ParseError):
    default_code = "content_digest_unknown"
    default_detail = _("Content-Digest must contain a digest by sha-256 or sha-512.")


class DigestMismatch(ParseError):
    default_code = "content_digest_mismatch"
    default_detail = _("The body is not the one that Content-Digest describes.")


class Digests:
    """The digests that a body must have; none if nothing is known about it."""

    def __init__(self, expected: dict[str, bytes] | None = None) -> None:
        self.expected = expected or {}
        self._computed: dict[str, Any] = {
            name: ALGORITHMS[name]() for name in self.expected
        }

    def update(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        for computed in self._computed.values():
            computed.update(data)

    def check(self) -> None:
        """Raise DigestMismatch if the bytes so far are not the whole body."""
        for name, computed in self._computed.items():
            if not compare_digest(computed.digest(), self.expected[name]):
                raise DigestMismatch


def read_digests(field: str) -> Digests:
    """Return the digests of a Content-Digest field by the algorithms that we know.

    Others are ignored (RFC 9530 §5); raise DigestUnknown if no digest is left.
    """
    try:
        members: Any = http_sf.parse(field.encode(), tltype="dictionary")
    except ValueError:
        raise DigestUnknown from None
    found = {
        name: members[name][0]
        for name in ALGORITHMS
        if name in members and isinstance(members[name][0], bytes)
    }
    if not found:
        raise DigestUnknown
    return Digests(found)


def expect_digests(request: HttpRequest, field: str) -> None:
    """Require the digests of a body that is still to be read, and then compared.

    The code that reads the body updates `digests_of` the request, and checks it at the
    end, before anything takes effect.
    """
    setattr(request, _EXPECTED, field)


def digests_of(request: HttpRequest) -> Digests:
    """Return new digests to compare the body with."""
    field: str = getattr(request, _EXPECTED, "")
    return read_digests(field) if field else Digests()
