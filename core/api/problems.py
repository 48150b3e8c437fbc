"""Error responses for programs: application/problem+json (RFC 9457)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from core.errors import (
    Broken,
    Busy,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    Mismatch,
    Missing,
    Stale,
    Text,
    TooLarge,
    TooMany,
)

CONTENT_TYPE = "application/problem+json"
BUSY_SECONDS = 1

# The status of each kind of refusal. Subclasses come before their base classes.
STATUS_OF: dict[type[DomainError], int] = {
    Invalid: 400,
    Forbidden: 403,
    Missing: 404,
    Stale: 412,
    Conflict: 409,
    Mismatch: 422,
    TooMany: 429,
    TooLarge: 413,
    Broken: 500,
    Busy: 503,
}


@dataclass(frozen=True)
class Status:
    """A status, with its default code and detail."""

    title: str
    code: str
    detail: Text


def _like(title: str, kind: type[DomainError]) -> Status:
    return Status(title, kind.code, kind.message)


_UNCLEAR = _("The request cannot be understood.")
_FAULT = _("Something went wrong on our side.")
STATUSES = {
    400: Status("Bad request", "bad_request", _UNCLEAR),
    401: Status("Not signed in", "not_authenticated", _("Sign in or send an API key.")),
    403: _like("Forbidden", Forbidden),
    404: _like("Not found", Missing),
    405: Status(
        "Method not allowed",
        "method_not_allowed",
        _("This address does not support this method."),
    ),
    406: Status(
        "Not acceptable",
        "not_acceptable",
        _("None of the accepted media types is available."),
    ),
    409: _like("Conflict", Conflict),
    411: Status(
        "Length required", "length_required", _("The Content-Length header is missing.")
    ),
    412: _like("Precondition failed", Stale),
    413: _like("Content too large", TooLarge),
    414: Status("Address too long", "address_too_long", _("The address is too long.")),
    415: Status(
        "Unsupported media type",
        "unsupported_media_type",
        _("Send JSON or a form, in UTF-8 and without compression."),
    ),
    416: Status(
        "Range not satisfiable",
        "range_not_satisfiable",
        _("The file does not have this range."),
    ),
    421: Status(
        "Misdirected request",
        "unknown_host",
        _("This server does not serve that host name."),
    ),
    422: _like("Unprocessable content", Mismatch),
    429: _like("Too many requests", TooMany),
    431: Status(
        "Header fields too large", "headers_too_large", _("The headers are too large.")
    ),
    500: Status("Internal server error", "internal_error", _FAULT),
    503: _like("Service unavailable", Busy),
}
_OTHER = Status("Error", "error", _UNCLEAR)


def status_of(refusal: type[DomainError]) -> int:
    """Return the HTTP status of a kind of refusal."""
    kinds = (kind for kind in STATUS_OF if issubclass(refusal, kind))
    return STATUS_OF[next(kinds, Invalid)]


def problem_response(
    request: HttpRequest,
    status: int,
    code: str = "",
    detail: str = "",
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return a problem response; `errors` lists fields with code and detail each.

    By default, code and detail are those of the status.
    """
    usual = STATUSES.get(status, _OTHER)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": usual.title,
        "status": status,
        "detail": detail or str(usual.detail),
        "code": code or usual.code,
        "errors": errors or [],
        "request_id": getattr(request, "id", ""),
    }
    # Escape what UTF-8 cannot encode, as JSON allows; the rest stays readable.
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return HttpResponse(text, status=status, headers=headers, content_type=CONTENT_TYPE)


def default_detail_of(status: int) -> str:
    """Return a status's default message, for a page that has no other."""
    return str(STATUSES.get(status, _OTHER).detail)
