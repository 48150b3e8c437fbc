"""Which media type a client accepts (RFC 9110 §12.5.1), and whether encrypted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

ENCRYPTED = "application/jose"
_EXCLUDED = re.compile(r";\s*q=0(\.0*)?\s*(;|$)", re.ASCII | re.IGNORECASE)


class Negotiation(DefaultContentNegotiation):
    """An empty Accept excludes nothing; a type with `q=0` is not accepted."""

    def get_accept_list(self, request: Request) -> list[str]:
        if not request.headers.get("Accept", "").strip():
            return ["*/*"]
        return list(accepted_types(request.headers["Accept"]))


def wants_encryption(accept: str) -> bool:
    """Return whether a response with a body should be encrypted."""
    return any(_is_encrypted(token) for token in _accepted(accept))


def accepted_types(accept: str) -> Iterator[str]:
    """Yield the accepted media types; inside an encrypted response, there is JSON."""
    for token in _accepted(accept):
        yield "application/json" if _is_encrypted(token) else token


def _accepted(accept: str) -> Iterator[str]:
    tokens = (token.strip() for token in accept.split(","))
    return (token for token in tokens if not _EXCLUDED.search(token))


def _is_encrypted(token: str) -> bool:
    return token.partition(";")[0].strip().lower() == ENCRYPTED
