"""One family of errors: problem+json (RFC 9457)."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

CONTENT_TYPE = "application/problem+json"
BUSY_SECONDS = 1
TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    411: "Length required",
    412: "Precondition failed",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    431: "Header fields too large",
    500: "Internal server error",
    503: "Service unavailable",
}
CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    411: "length_required",
    412: "version_mismatch",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    431: "headers_too_large",
    500: "internal_error",
    503: "busy",
}


def problem_response(
    request: HttpRequest,
    status: int,
    code: str = "",
    detail: str = "",
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return a problem; `errors` names fields, each with code and detail.

    Code and detail are those of the status where none are given.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail or usual_detail(status),
        "code": code or CODES.get(status, "error"),
        "errors": errors or [],
        "request_id": getattr(request, "id", ""),
    }
    # What no UTF-8 can hold is escaped, as JSON allows; the rest stays readable.
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return HttpResponse(text, status=status, headers=headers, content_type=CONTENT_TYPE)


def usual_detail(status: int) -> str:
    """Return what people are told where there is no more to say."""
    details = {
        403: _("You may not do this."),
        404: _("Not found."),
        411: _("Say how long the body is (Content-Length)."),
        412: _("This was changed in the meantime. Load it again, then repeat."),
        413: _("The request is too large."),
        415: _("A body is JSON or a form, in UTF-8 and not compressed."),
        500: _("Something went wrong on our side."),
        503: _("The service is busy. Try again in a moment."),
    }
    return details.get(status, _("The request cannot be understood."))
