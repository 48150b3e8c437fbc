"""The parts that every operation shares: refusals, headers, conditions."""

from __future__ import annotations

from typing import Any

from core.api.problems import CONTENT_TYPE, TITLES

# What a refusal means, and the codes that tell one from another.
REFUSALS = {
    400: "The request breaks a rule; `errors` names the fields or parameters. Codes: "
    "`invalid`, `parse_error`, `bad_request`, `etag_malformed`, "
    "`idempotency_key_malformed` and those of single rules.",
    401: "No key and no session, or a key that is not valid. Codes: "
    "`not_authenticated`, `invalid_key`.",
    403: "The key lacks the scope, or the person the permission or the role in the "
    "list. Codes: `scope_missing`, `permission_denied`, `csrf_failed`.",
    404: "There is no such row, or none that the person may see. Code: `not_found`.",
    405: "The address does not take this method; `Allow` names those it takes. Code: "
    "`method_not_allowed`.",
    406: "Nothing that `Accept` names can be given. Code: `not_acceptable`.",
    409: "The rows are in a state that does not allow this. Codes: `conflict`, "
    "`list_is_archived`, `todo_moved`, `id_taken`, `uid_taken`, `label_exists`, "
    "`inbox_stays`, `last_owner`, `already_member`, `not_in_trash`, "
    "`idempotency_in_progress`, `secret_already_shown`.",
    412: "`If-Match` names no state that the row is in: it changed. Code: "
    "`version_mismatch`.",
    413: "The body is too large. Code: `too_large`.",
    415: "The body is neither JSON nor a form in UTF-8. Code: "
    "`unsupported_media_type`.",
    422: "The `Idempotency-Key` came with another request before. Code: "
    "`idempotency_key_reused`.",
    429: "Too many requests. Code: `throttled`.",
    500: "A fault on our side; the log knows it by the request id. Code: "
    "`internal_error`.",
    503: "Too much is going on at once; the same request may succeed in a moment. "
    "Code: `busy`.",
}
ON_REFUSAL = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

_TEXT = {"type": "string"}
_TAG = {"type": "string", "pattern": '^(W/)?"[^"]*"$'}
HEADERS: dict[str, Any] = {
    "Allow": {"description": "The methods that the address takes.", "schema": _TEXT},
    "ETag": {
        "description": "Names the state of what is answered (RFC 9110 §8.8.3).",
        "schema": _TAG,
    },
    "Idempotency-Replayed": {
        "description": "The answer is the one that the first request got.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {
        "description": "The address of the new row.",
        "schema": {"type": "string", "format": "uri"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "How to sign in.", "schema": _TEXT},
    "X-Request-ID": {
        "description": "Finds the request in the logs and its events.",
        "schema": _TEXT,
    },
}

PARAMETERS: dict[str, Any] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A name of the client's choice for this request. Repeated "
        "within 7 days with the same content, it has one effect and one answer.",
        "schema": {
            "type": "string",
            "pattern": "^[!-~]+$",
            "minLength": 1,
            "maxLength": 255,
        },
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "Do it only while the row is in this state: `ETag` of its last "
        "answer, several of them, or `*`.",
        "schema": {
            "type": "string",
            "pattern": r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$',
        },
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Answer with 304 while the state is still this one.",
        "schema": _TEXT,
    },
}

PROBLEM: dict[str, Any] = {
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
        "title": {"type": "string", "description": "What the status means."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "code": {"type": "string", "description": "What is wrong, for programs."},
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
            "description": "Its name, with dots between levels; empty for the whole.",
        },
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}


def ref(kind: str, name: str) -> dict[str, str]:
    """Return a reference to a shared part."""
    return {"$ref": f"#/components/{kind}/{name}"}


def refusal_name(status: int) -> str:
    """Return the name of a shared refusal, such as TooManyRequests."""
    return "".join(word.capitalize() for word in TITLES[status].split())


def shared_responses() -> dict[str, Any]:
    """Return the refusals, and the answer that nothing changed."""
    refusals = {
        refusal_name(status): {
            "description": text,
            "headers": headers("X-Request-ID", *ON_REFUSAL.get(status, ())),
            "content": {CONTENT_TYPE: {"schema": ref("schemas", "Problem")}},
        }
        for status, text in REFUSALS.items()
    }
    unchanged = {"description": "Nothing changed.", "headers": headers("ETag")}
    return refusals | {"NotModified": unchanged}


def headers(*names: str) -> dict[str, Any]:
    """Return references to shared headers."""
    return {name: ref("headers", name) for name in names}
