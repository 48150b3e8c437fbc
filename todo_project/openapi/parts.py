"""The parts that operations share: headers, parameters and the schema of problems."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from core.models import IdempotentAnswer

_TEXT = {"type": "string"}
_TAG = {"type": "string", "pattern": '^(W/)?"[^"]*"$'}
HEADERS: dict[str, Any] = {
    "Accept-Signature": {
        "description": "What a signature must cover (RFC 9421 §5), if it was refused.",
        "schema": _TEXT,
    },
    "Allow": {"description": "The methods that the address supports.", "schema": _TEXT},
    "ETag": {
        "description": "The state of what the response shows (RFC 9110 §8.8.3).",
        "schema": _TAG,
    },
    "Content-Range": {
        "description": "The range, or the length of the file (RFC 9110 §14.4).",
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "This is the response that the first request got.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {
        "description": "The address of the new row.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next attempt.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "How to sign in.", "schema": _TEXT},
    "X-Request-ID": {
        "description": "The id of the request in the logs and in the event log.",
        "schema": _TEXT,
    },
}

PARAMETERS: dict[str, Any] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "An id that the client chooses for this request. A repetition "
        f"with the same content within {settings.IDEMPOTENCY_DAYS} days has no further "
        "effect and gets the first response.",
        "schema": {
            "type": "string",
            "pattern": "^[!-~]+$",
            "minLength": 1,
            "maxLength": IdempotentAnswer._meta.get_field("key").max_length,
        },
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "Apply the change only if the row is in this state: its last "
        "`ETag`, several of them, or `*`.",
        "schema": {
            "type": "string",
            "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$',
        },
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Respond with 304 if the state is still this one.",
        "schema": _TEXT,
    },
}

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal (RFC 9457).",
    "required": [
        "type",
        "title",
        "status",
        "detail",
        "code",
        "errors",
        "request_id",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "The meaning of the status."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {
            "type": "string",
            "description": "What is wrong, in the language of the request.",
        },
        "errors": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/ProblemError"},
        },
        "request_id": {"type": "string"},
    },
}
PROBLEM_ERROR: dict[str, Any] = {
    "type": "object",
    "description": "What is wrong with one field, parameter or header.",
    "required": ["field", "code", "detail"],
    "properties": {
        "field": {
            "type": "string",
            "description": "Its name, with dots between levels; empty for the body.",
        },
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}


def problem(codes: list[str]) -> dict[str, Any]:
    """Return the schema of a problem that has one of these codes."""
    code = {
        "type": "string",
        "description": "What is wrong, for programs.",
        "enum": sorted(codes),
    }
    return {**_PROBLEM, "properties": {**_PROBLEM["properties"], "code": code}}


def ref(kind: str, name: str) -> dict[str, str]:
    """Return a reference to a shared part."""
    return {"$ref": f"#/components/{kind}/{name}"}


def headers(*names: str) -> dict[str, Any]:
    """Return references to shared headers."""
    return {name: ref("headers", name) for name in names}
