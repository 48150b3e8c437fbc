"""A request as its client sent it, which is what the signature covers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.encoding import escape_uri_path

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@dataclass(frozen=True)
class Message:
    """The parts of a request that can be signed, as the library reads them."""

    method: str
    url: str
    headers: Mapping[str, str]


def message_of(request: HttpRequest) -> Message:
    return Message(request.method or "", target_uri(request), request.headers)


def target_uri(request: HttpRequest) -> str:
    """Return the address that the client used, with its path and query undecoded.

    Scheme and host are the public ones, in lower case.
    """
    origin = f"{request.scheme}://{request.get_host()}".lower()
    return origin + _request_target(request)


def _request_target(request: HttpRequest) -> str:
    """Return path and query as they were sent, with BASE_PATH even if a proxy in front
    has removed it.
    """
    # As gunicorn and uWSGI call it; a request without either comes from a test.
    sent = request.META.get("RAW_URI") or request.META.get("REQUEST_URI")
    if not sent:
        query = request.META.get("QUERY_STRING", "")
        return escape_uri_path(request.path) + (f"?{query}" if query else "")
    sent = _ORIGIN.sub("", sent, count=1) if not sent.startswith("/") else sent
    base = settings.BASE_PATH
    is_below = re.match(rf"{re.escape(base)}(?:[/?]|$)", sent)
    return sent if is_below else base + sent
