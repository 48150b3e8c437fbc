"""Which media type a client accepts (RFC 9110 §12.5.1)."""

from __future__ import annotations

import re

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request

_EXCLUDED = re.compile(r";\s*q=0(\.0*)?\s*(;|$)", re.ASCII | re.IGNORECASE)


class Negotiation(DefaultContentNegotiation):
    """An empty Accept excludes nothing; a type with `q=0` is not accepted."""

    def get_accept_list(self, request: Request) -> list[str]:
        if not request.headers.get("Accept", "").strip():
            return ["*/*"]
        tokens: list[str] = super().get_accept_list(request)
        return [token for token in tokens if not _EXCLUDED.search(token)]
