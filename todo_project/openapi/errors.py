"""All error codes, read from their classes, and where they are documented."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils import translation
from rest_framework.exceptions import APIException, ParseError

from core.api.problems import CONTENT_TYPE, STATUSES, status_of
from core.errors import Busy, DomainError, refusals_below
from core.registry import registry
from todo_project.openapi.parts import headers, ref

# What a refusal with each status means.
MEANINGS = {
    400: "The request breaks a rule; `errors` names the fields or parameters.",
    401: "There is no key, no signature and no session, or one that is not valid.",
    403: "The key lacks the scope, or the person lacks the permission or the role in "
    "the list.",
    404: "There is no such row, or the person may not see it.",
    405: "The address does not support this method; `Allow` lists those it supports.",
    406: "None of the media types in `Accept` is available.",
    409: "The state of the rows does not allow this.",
    412: "The row is in none of the states that `If-Match` names: it has changed.",
    413: "The body is too large.",
    415: "The body is neither JSON nor a form in UTF-8.",
    416: "The file does not have the range; `Content-Range` says how long it is.",
    422: "The `Idempotency-Key` was used for a different request before.",
    429: "There were too many requests.",
    500: "Something failed on our side; `request_id` finds the request in the log.",
    503: "The service is busy; the same request may succeed in a moment.",
}
ON_REFUSAL = {
    401: ("WWW-Authenticate", "Accept-Signature"),
    405: ("Allow",),
    416: ("Content-Range",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
# Levels at which the handler logs errors that have no class of their own.
LOG_LEVELS = {500: logging.ERROR, 503: Busy.log_level}

PAGE = """\
# Error codes

Errors of the API are `application/problem+json` (RFC 9457). `code` tells programs what
is wrong; `detail` is the message in the language of the request. The table is generated
from the classes of the errors. `maintenance` and those of status 502 and 504 come
from the proxy in front of the service.

| code | status | message | logged as |
|---|---|---|---|
"""


@dataclass(frozen=True)
class ErrorCode:
    """A code that a problem can have."""

    code: str
    status: int
    message: str
    log_level: int | None = None


# What nginx answers itself: see deploy/nginx/refusals.conf.
PROXY_ERRORS = (
    ErrorCode("unreachable", 502, "The service cannot be reached."),
    ErrorCode("maintenance", 503, "The service is down for maintenance."),
    ErrorCode("timeout", 504, "The service took too long."),
)


def error_codes() -> list[ErrorCode]:
    """Return every code, by status and name, with its message in English."""
    _load_classes()
    with translation.override("en"):
        errors = (*_of_framework(), *_of_refusals(), *PROXY_ERRORS)
        found = {one.code: one for one in errors}
    return sorted(found.values(), key=lambda one: (one.status, one.code))


def errors_page() -> str:
    """Return docs/errors.md."""
    rows = [
        f"| `{one.code}` | {one.status} | {one.message} | {_level_name(one)} |\n"
        for one in error_codes()
    ]
    return PAGE + "".join(rows)


def refusal_name(status: int) -> str:
    """Return the name of a shared response, such as TooManyRequests."""
    return "".join(word.capitalize() for word in STATUSES[status].title.split())


def shared_responses() -> dict[str, Any]:
    """Return the refusals, and the response that nothing changed."""
    codes = error_codes()
    refusals = {
        refusal_name(status): {
            "description": f"{text} {_list_codes(codes, status)}",
            "headers": headers("X-Request-ID", *ON_REFUSAL.get(status, ())),
            "content": {CONTENT_TYPE: {"schema": ref("schemas", "Problem")}},
        }
        for status, text in MEANINGS.items()
    }
    unchanged = {"description": "Nothing changed.", "headers": headers("ETag")}
    return refusals | {"NotModified": unchanged}


def _load_classes() -> None:
    """Import the modules that define errors: all views and authenticators."""
    import_module(settings.ROOT_URLCONF)
    for door in registry.doors:
        door.authenticators()


def _of_framework() -> Iterator[ErrorCode]:
    for status, usual in STATUSES.items():
        yield ErrorCode(usual.code, status, str(usual.detail), LOG_LEVELS.get(status))
    kinds: list[type[APIException]] = [ParseError, *_below(APIException)]
    for kind in kinds:
        yield ErrorCode(kind.default_code, kind.status_code, str(kind.default_detail))


def _of_refusals() -> Iterator[ErrorCode]:
    for kind in refusals_below(DomainError):
        if "code" in vars(kind) and _is_ours(kind):
            message = str(kind.message)
            yield ErrorCode(kind.code, status_of(kind), message, kind.log_level)


def _below(kind: type[APIException]) -> Iterator[type[APIException]]:
    for error in kind.__subclasses__():
        if _is_ours(error):
            yield error
        yield from _below(error)


def _is_ours(kind: type[Exception]) -> bool:
    """Return whether an app defines the class, not the framework or a test."""
    app = apps.get_containing_app_config(kind.__module__)
    return app is not None and not app.name.startswith("rest_framework")


def _list_codes(codes: list[ErrorCode], status: int) -> str:
    names = [f"`{one.code}`" for one in codes if one.status == status]
    return f"Code: {names[0]}." if len(names) == 1 else f"Codes: {', '.join(names)}."


def _level_name(one: ErrorCode) -> str:
    return "" if one.log_level is None else logging.getLevelName(one.log_level).lower()
