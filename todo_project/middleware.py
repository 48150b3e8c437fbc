"""What every request passes: an id, the gate for input, headers of the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.events import origin
from accounts.models import Source
from accounts.text import is_storable
from todo_project import logs
from todo_project.errors import bad_request

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class RequestIdMiddleware:
    """Name the request: in its logs, its events and its answer's X-Request-ID."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request.id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex  # type: ignore[attr-defined]
        token = logs.request_id.set(request.id)  # type: ignore[attr-defined]
        source = Source.API if request.path.startswith("/api/") else Source.ADMIN
        try:
            with origin(source, request.id):  # type: ignore[attr-defined]
                response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response


class SecurityHeadersMiddleware:
    """Allow a page nothing but what comes from here."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class InputGateMiddleware:
    """Refuse a path, query or header that no database can keep."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self.lets_in(request):
            return bad_request(request, ValueError())
        return self.get_response(request)

    def lets_in(self, request: HttpRequest) -> bool:
        texts = [request.path, *request.headers.values()]
        texts += [part for pair in request.GET.lists() for part in (pair[0], *pair[1])]
        return all(is_storable(text) for text in texts)
