"""The operator token: access to /metrics and to causes at /readyz, without a user."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare


def has_operator_token(request: HttpRequest) -> bool:
    """Return whether the request has `Authorization: Bearer $OPERATOR_TOKEN`."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if not settings.OPERATOR_TOKEN or scheme.lower() != "bearer":
        return False
    return constant_time_compare(token.strip(), settings.OPERATOR_TOKEN)
