"""How refusals and failures of the API become answers."""

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

from core import errors as domain
from core.api.problems import BUSY_SECONDS, problem_response

logger = logging.getLogger(__name__)

NON_FIELD_ERRORS = "non_field_errors"  # the framework's name for the whole body
STATUS_OF: tuple[tuple[type[domain.DomainError], int], ...] = (
    (domain.Invalid, 400),
    (domain.Forbidden, 403),
    (domain.Missing, 404),
    (domain.Stale, 412),
    (domain.Conflict, 409),
    (domain.Mismatch, 422),
    (domain.Busy, 503),
)


def problem_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer every exception of a view with a problem; log what nobody foresaw."""
    request: HttpRequest = context["request"]._request
    refusal = _describe(error)
    if refusal.status >= 500:
        logger.log(
            logging.WARNING if refusal.status == 503 else logging.ERROR,
            "request failed",
            exc_info=error,
            extra={
                "request_id": getattr(request, "id", ""),
                "method": request.method,
                "path": request.path,
                "status": refusal.status,
            },
        )
    return problem_response(
        request,
        refusal.status,
        refusal.code,
        refusal.detail,
        errors=refusal.errors,
        headers=refusal.headers,
    )


@dataclass(frozen=True)
class Refusal:
    """What an exception becomes; code and detail are the status's where empty."""

    status: int
    code: str = ""
    detail: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


def _describe(error: Exception) -> Refusal:
    match error:
        case domain.DomainError():
            return _describe_domain(error)
        case exceptions.ValidationError():
            detail = _("The input is not valid.")
            return Refusal(400, "invalid", detail, flatten(error.detail))
        case exceptions.APIException():
            return _describe_framework(error)
        case Http404():
            return Refusal(404)
        case PermissionDenied():
            return Refusal(403)
        case RequestDataTooBig() | TooManyFieldsSent() | TooManyFilesSent():
            return Refusal(413)
        case SuspiciousOperation() | MultiPartParserError() | UnreadablePostError():
            return Refusal(400)
        case IntegrityError():
            # Two writers raced to one constraint; the database let one through.
            return Refusal(409, "conflict", str(domain.Conflict.message))
        case OperationalError():
            return Refusal(503, headers={"Retry-After": str(BUSY_SECONDS)})
        case _:
            return Refusal(500)


def _describe_domain(error: domain.DomainError) -> Refusal:
    status = next(number for kind, number in STATUS_OF if isinstance(error, kind))
    detail = str(error.message)
    errors = []
    if error.field is not None:
        errors = [{"field": error.field, "code": error.code, "detail": detail}]
    headers = {"Retry-After": str(BUSY_SECONDS)} if status == 503 else {}
    return Refusal(status, error.code, detail, errors, headers)


def _describe_framework(error: exceptions.APIException) -> Refusal:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else error.default_code
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    return Refusal(error.status_code, code, str(error.detail), headers=headers)


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


def _join(path: str, name: Any) -> str:
    if name == NON_FIELD_ERRORS:
        return path
    return f"{path}.{name}" if path else str(name)
