"""The API's responses to refusals and failures."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from rest_framework import exceptions

from core.api.problems import BUSY_SECONDS, problem_response, status_of
from core.errors import DomainError, TooMany, refusal_of

logger = logging.getLogger(__name__)

MAX_ERRORS = 100  # that a refusal names
NON_FIELD_ERRORS = "non_field_errors"  # the framework's name for the whole body


def problem_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Return the problem response to a view's exception; log it if it has a level."""
    request: HttpRequest = context["request"]._request
    problem = _describe(error)
    if problem.log_level is not None:
        logger.log(
            problem.log_level,
            "request failed",
            exc_info=error,
            extra={
                "request_id": getattr(request, "id", ""),
                "method": request.method,
                "path": request.path,
                "status": problem.status,
            },
        )
    return problem_response(
        request,
        problem.status,
        problem.code,
        problem.detail,
        errors=problem.errors,
        headers=problem.headers,
    )


@dataclass(frozen=True)
class Problem:
    """The response to an exception; empty code or detail: the status's default."""

    status: int
    code: str = ""
    detail: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    log_level: int | None = None


def _describe(error: Exception) -> Problem:
    match error:
        case DomainError() | IntegrityError() | OperationalError():
            return _describe_refusal(refusal_of(error))
        case exceptions.ValidationError():
            detail = _("The input is not valid.")
            return Problem(400, "invalid", detail, flatten(error.detail)[:MAX_ERRORS])
        case exceptions.APIException():
            return _describe_framework(error)
        case Http404():
            return Problem(404)
        case PermissionDenied():
            return Problem(403)
        case RequestDataTooBig() | TooManyFieldsSent() | TooManyFilesSent():
            return Problem(413)
        case SuspiciousOperation() | MultiPartParserError() | UnreadablePostError():
            return Problem(400)
        case _:
            return Problem(500, log_level=logging.ERROR)


def _describe_refusal(refusal: DomainError) -> Problem:
    status, detail = status_of(type(refusal)), str(refusal.message)
    errors = []
    if refusal.field is not None:
        errors = [{"field": refusal.field, "code": refusal.code, "detail": detail}]
    headers = {"Retry-After": str(BUSY_SECONDS)} if status == 503 else {}
    if isinstance(refusal, TooMany):
        headers["Retry-After"] = str(refusal.retry_after)
    return Problem(status, refusal.code, detail, errors, headers, refusal.log_level)


def _describe_framework(error: exceptions.APIException) -> Problem:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    headers = dict(getattr(error, "headers", {}))
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    level = logging.ERROR if error.status_code >= 500 else None
    return Problem(error.status_code, code, str(error.detail), [], headers, level)


def flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    """Return field errors as a flat list; nested fields are joined with dots."""
    if isinstance(detail, dict):
        parts = list(detail.items())
    elif isinstance(detail, list) and any(
        isinstance(part, dict | list) for part in detail
    ):
        parts = [(str(index), part) for index, part in enumerate(detail)]
    else:
        leaves = detail if isinstance(detail, list) else [detail]
        return [
            {"field": path, "code": leaf.code, "detail": str(leaf)} for leaf in leaves
        ]
    return [error for name, part in parts for error in flatten(part, _join(path, name))]


def _join(path: str, name: object) -> str:
    if name == NON_FIELD_ERRORS:
        return path
    return f"{path}.{name}" if path else str(name)
