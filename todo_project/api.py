"""How refusals and failures of the API become answers."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from accounts import errors as domain
from todo_project.problems import CONTENT_TYPE, problem

logger = logging.getLogger(__name__)

BUSY_SECONDS = 1
STATUS_OF: tuple[tuple[type[domain.DomainError], int], ...] = (
    (domain.Invalid, 400),
    (domain.Forbidden, 403),
    (domain.Missing, 404),
    (domain.Stale, 412),
    (domain.Conflict, 409),
    (domain.Mismatch, 422),
    (domain.Busy, 503),
)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Answer every exception of a view with a problem; log what nobody foresaw."""
    set_rollback()
    request: HttpRequest = context["request"]._request
    status, code, detail, fields, headers = _describe(error)
    if status >= 500:
        logger.log(
            logging.WARNING if status == 503 else logging.ERROR,
            "request failed",
            exc_info=error,
            extra={"request_id": getattr(request, "id", "")},
        )
    body = problem(request, status, code, detail, errors=fields)
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


Description = tuple[int, str, str, list[dict[str, str]], dict[str, str]]


def _describe(error: Exception) -> Description:
    match error:
        case domain.DomainError():
            return _describe_domain(error)
        case exceptions.ValidationError():
            detail = _("The input is not valid.")
            return 400, "invalid", detail, flatten(error.detail), {}
        case exceptions.APIException():
            return _describe_framework(error)
        case Http404():
            return 404, "not_found", _("Not found."), [], {}
        case PermissionDenied():
            return 403, "permission_denied", str(domain.Forbidden.message), [], {}
        case RequestDataTooBig() | TooManyFieldsSent() | TooManyFilesSent():
            return 413, "too_large", _("The request is too large."), [], {}
        case SuspiciousOperation():
            return 400, "bad_request", _("The request cannot be understood."), [], {}
        case IntegrityError():
            # Two writers raced to one constraint; the database let one through.
            return 409, "conflict", str(domain.Conflict.message), [], {}
        case OperationalError():
            headers = {"Retry-After": str(BUSY_SECONDS)}
            return 503, "busy", str(domain.Busy.message), [], headers
        case _:
            return 500, "internal_error", _("Something went wrong on our side."), [], {}


def _describe_domain(error: domain.DomainError) -> Description:
    status = next(number for kind, number in STATUS_OF if isinstance(error, kind))
    fields = []
    if error.field is not None:
        fields = [
            {"field": error.field, "code": error.code, "detail": str(error.message)}
        ]
    headers = {"Retry-After": str(BUSY_SECONDS)} if status == 503 else {}
    return status, error.code, str(error.message), fields, headers


def _describe_framework(error: exceptions.APIException) -> Description:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = f"{wait:.0f}"
    return error.status_code, code, str(error.detail), [], headers


def flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Return field errors as a flat list; nested fields are joined with dots."""
    if isinstance(detail, dict):
        parts = detail.items()
    elif isinstance(detail, list) and any(
        isinstance(part, dict | list) for part in detail
    ):
        parts = ((str(index), part) for index, part in enumerate(detail))
    else:
        leaves = detail if isinstance(detail, list) else [detail]
        return [
            {"field": path, "code": leaf.code, "detail": str(leaf)} for leaf in leaves
        ]
    return [
        error
        for name, part in parts
        for error in flatten(part, f"{path}.{name}" if path else str(name))
    ]
