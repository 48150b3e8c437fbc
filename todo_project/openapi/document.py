"""The document as a whole: its text, tags and shared components."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from accounts.models.keys import PREFIX
from core.api.viewsets import API_PREFIX
from core.registry import registry
from todo_project.openapi import parts
from todo_project.openapi.errors import error_codes, shared_responses

DESCRIPTION = """\
Todos, lists and the people who share them.

**Authentication.** Every request needs a key (`Authorization: Bearer {prefix}_…`), a
signature by a signed-only key (RFC 9421) or a browser session. A key may do what its
scopes, its owner's roles and its owner's role in the list all allow.

**Bodies** are JSON, `application/x-www-form-urlencoded` or `multipart/form-data`, in
UTF-8, up to {size}. Unknown fields and parameters are refused. JSON numbers are not
accepted as strings. In a form an empty value clears the field. `PATCH` changes the
fields that it names, `PUT` replaces the row.

They can be encrypted as well (`application/jose`, RFC 7516) to the keys at
`/.well-known/jwks.json`, and responses to the client's own key: `Accept:
application/jose`.

**Errors** are `application/problem+json` (RFC 9457) with a `code` for programs. A row
of another person gets the same response as one that does not exist: 404. A method that
an address does not support gets 405.

**Lists** have `results`, `next` and `previous`: follow these links as they are. They
cost the same however far you go, and rows that are added meanwhile neither repeat nor
hide others. `page` counts pages instead, and costs more with every page. Every list
takes `created_from` and `created_to`.

**Caching.** Responses have an `ETag`. `If-None-Match` gets 304 if nothing changed;
`If-Match` on a change gets 412 if the row changed since you read it.

**Retries.** With an `Idempotency-Key` a `POST` can be repeated within {days} days and
has one effect. `PUT` and `DELETE` can be repeated anyway. 503 and 429 say in
`Retry-After` how long to wait.
"""


def description() -> str:
    """Return the text of the document, with the limits of this installation."""
    return DESCRIPTION.format(
        prefix=PREFIX,
        size=f"{registry.body_limit_of(API_PREFIX) >> 20} MiB",
        days=settings.IDEMPOTENCY_DAYS,
    )


def complete(result: dict[str, Any], **_options: object) -> dict[str, Any]:
    """Add the description, the tags and the shared components."""
    result["info"]["description"] = description()
    # The highest layer first: most clients need that one.
    declared = reversed(list(registry))
    result["tags"] = [
        {"name": resource.name, "description": resource.description}
        for declaration in declared
        for resource in declaration.resources
    ]
    components = result["components"]
    components["schemas"] |= {
        "Problem": parts.problem([one.code for one in error_codes()]),
        "ProblemError": parts.PROBLEM_ERROR,
    }
    components["headers"] = parts.HEADERS
    components["parameters"] = parts.PARAMETERS
    components["responses"] = shared_responses()
    return result
