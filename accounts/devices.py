"""Known devices: browsers in which a person has signed in before.

A signed cookie gives such a browser a counter of failed attempts of its own, so that
others who guess a person's password cannot keep that person out. It grants nothing
else.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import get_random_string

from core.text import fold

COOKIE = "device"
KNOWN_FOR = timedelta(days=180)


def known_device(request: HttpRequest, username: str) -> str:
    """Return the device's id if this person has signed in on it, else ""."""
    try:
        return _signer(username).unsign(
            request.COOKIES.get(COOKIE, ""), max_age=KNOWN_FOR
        )
    except BadSignature:
        return ""


def remember_device(
    request: HttpRequest, response: HttpResponseBase, username: str
) -> None:
    """Let this person be known on the device from now on."""
    device = known_device(request, username) or get_random_string(22)
    response.set_cookie(
        COOKIE,
        _signer(username).sign(device),
        max_age=KNOWN_FOR,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _signer(username: str) -> TimestampSigner:
    return TimestampSigner(salt=f"accounts.devices:{fold(username).strip()}")
