"""Middleware of every request: its id, input checks and response headers."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import patch_vary_headers, set_response_etag
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAcceptable

from core.api.encrypted import (
    encrypted_response,
    is_encryption_wanted,
    key_of_client,
)
from core.api.parsers import body_length, is_streamed
from core.api.preconditions import conditional_response
from core.api.problems import CONTENT_TYPE, problem_response
from core.events import origin
from core.registry import registry
from core.text import is_storable
from core.utf8 import is_utf8_form, is_utf8_when_decoded
from todo_project.error_views import answer as refuse
from todo_project.observability import logs
from todo_project.proxies import BY_PROXY

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
# Characters of one header, and of the address; the default of common servers.
HEADER_LENGTH = 8190
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
    """Give the request an id, for its logs, its events and X-Request-ID."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.id = request_id_of(request.headers.get("X-Request-ID", ""))  # type: ignore[attr-defined]
        token = logs.request_id.set(request.id)  # type: ignore[attr-defined]
        door = registry.door_of(request.path_info)
        # The parser of encrypted bodies notes that it has decrypted one.
        has_body = door.errors == "problem" and body_length(request) > 0
        try:
            with origin(door.source, request.id, has_plain_body=has_body):  # type: ignore[attr-defined]
                response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response


def request_id_of(given: str) -> str:
    """Return the id that a proxy has given, or a new one."""
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


class SecurityHeadersMiddleware:
    """Allow pages to load nothing from other sites."""

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


class ContentLengthMiddleware:
    """State the length of responses that other middleware has given.

    Otherwise nginx would take the end of the connection for the end of the response,
    and wait for it: the rest of a refused body is read first (todo_project/wsgi.py).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponse) and response.status_code >= 400:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


class ProblemMiddleware:
    """Turn every error response to a program into a problem (RFC 9457).

    Parts of the framework respond with a page or an empty body, for instance to a
    failed precondition or an unknown host.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_page = registry.door_of(request.path_info).errors == "page"
        refusal: NotAcceptable | None = getattr(response, "unacceptable", None)
        if refusal and response.status_code == 200:
            code, detail = refusal.default_code, str(refusal.detail)
            return problem_response(request, 406, code, detail)
        if is_page or response.status_code < 400:
            return response
        if response.headers.get("Content-Type", "").startswith(CONTENT_TYPE):
            return response
        answer = problem_response(request, response.status_code)
        for name in ("Allow", "Retry-After", "Vary", "WWW-Authenticate"):
            if name in response.headers:
                answer.headers[name] = response.headers[name]
        return answer


class EncryptedResponseMiddleware:
    """Encrypt responses to programs for the client's public key, if it asks for that.

    Without that key, views refuse to show anything: see `lacks_encryption_key`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if registry.door_of(request.path_info).errors == "page":
            return response
        if is_encryption_wanted(request):
            if response.streaming:
                response.close()
                response = problem_response(request, 406)
            if key := key_of_client(request):
                response = encrypted_response(response, key)
        patch_vary_headers(response, ["Accept"])
        return response


class ConditionalMiddleware(ConditionalGetMiddleware):
    """Evaluate the preconditions of reads, for HEAD as for GET (RFC 9110 §13.2.2)."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_read = request.method in {"GET", "HEAD"}
        if not (is_read and isinstance(response, HttpResponse)):
            return response
        if self.needs_etag(response) and "ETag" not in response:
            set_response_etag(response)
        if "ETag" not in response:
            return response
        etag = response["ETag"]
        return conditional_response(request, etag=etag, response=response) or response


class HostPortMiddleware:
    """Refuse a Host header that names another port than clients can have used.

    Links in responses begin with that name. Django checks it without its port; behind a
    trusted proxy, that proxy has checked both.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        port = split_domain_port(request.get_host())[1]
        allowed = {"", request.get_port(), *settings.ALLOWED_PORTS}
        if not (request.META.get(BY_PROXY) or {port, "*"} & allowed):
            raise DisallowedHost(f"Port {port} is not in ALLOWED_PORTS.")
        return self.get_response(request)


class InputGateMiddleware:
    """Refuse input that no database can store, and bodies that cannot be read.

    It runs before anything that reads the request: a charset that Python knows but
    cannot decode with would fail wherever the query is read first.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if status := refusal_of(request):
            return refuse(request, status)
        if wrong := wrong_encoding_of(request):
            return refuse(request, 400, *wrong)
        return self.get_response(request)


def refusal_of(request: HttpRequest) -> int | None:
    """Return the status with which the request is refused; None accepts it."""
    headers = request.headers
    if len(request.path) + len(request.META.get("QUERY_STRING", "")) > HEADER_LENGTH:
        return 414
    if any(len(v) > HEADER_LENGTH for n, v in headers.items() if n != "Cookie"):
        return 431
    if headers.get("Content-Encoding", "identity") != "identity":
        return 415
    if not is_charset_utf8(request.content_params.get("charset", "utf-8")):  # type: ignore[union-attr]
        return 415
    if "Transfer-Encoding" in headers and not headers.get("Content-Length"):
        return 411  # WSGI treats a body without length as empty
    if body_length(request) > registry.body_limit_of(request.path_info):
        return 413  # the framework would write files of any size to disk
    texts = [request.path, *headers.values()]
    texts += [part for pair in request.GET.lists() for part in (pair[0], *pair[1])]
    return None if all(is_storable(text) for text in texts) else 400


def wrong_encoding_of(request: HttpRequest) -> tuple[str, str] | None:
    """Return the code and detail of a query or form that is not UTF-8, else None.

    In a path the framework keeps such bytes percent-encoded, so it matches nothing.
    """
    query = request.META.get("QUERY_STRING", "").encode("latin-1")
    if not is_utf8_when_decoded(query):
        return "bad_request", _("The address is not UTF-8.")
    if request.content_type not in FORMS or is_streamed(request):
        return None  # the parser checks the text of a streamed form
    try:
        is_intact = is_utf8_form(request.headers["Content-Type"], request.body)
    except UnreadablePostError:
        return "", ""
    return None if is_intact else ("parse_error", _("The body is not UTF-8."))


def is_charset_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in {"utf-8", "ascii"}
    except (LookupError, ValueError):
        return False
