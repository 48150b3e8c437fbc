"""What the document says as a whole."""

from __future__ import annotations

from typing import Any

from core.registry import registry
from todo_project.openapi import parts

DESCRIPTION = """\
Todos, lists and the people who share them.

**Signing in.** Every request needs a key (`Authorization: Bearer tdo_…`) or the
session of a browser. A key does what its scopes, the roles of its person and the
person's role in the list allow together.

**Bodies** are JSON, `application/x-www-form-urlencoded` or `multipart/form-data`, in
UTF-8, up to 1 MiB. Unknown fields and unknown parameters are refused. In JSON a
number is no text. In a form an empty value empties the field. `PATCH` changes what it
names, `PUT` replaces.

**Refusals** are `application/problem+json` (RFC 9457) with a `code` for programs.
Another person's row is answered like one that does not exist: 404. A method that an
address does not take is 405.

**Lists** answer `results`, `next` and `previous`: follow these links as they are.
Their cost does not grow, and rows that are added meanwhile neither repeat nor hide
others. `page` counts pages instead, at a cost that grows.

**Freshness.** Answers carry an `ETag`. `If-None-Match` gets 304 while nothing
changed; `If-Match` on a change gets 412 when somebody else was quicker.

**Retries.** With an `Idempotency-Key` a `POST` may be repeated; it has one effect.
`PUT` and `DELETE` may be repeated anyway. 503 and 429 say in `Retry-After` when.
"""


def complete(result: dict[str, Any], **_options: Any) -> dict[str, Any]:
    """Add what the operations refer to."""
    result["info"]["description"] = DESCRIPTION
    # Highest layer first: what most clients look for.
    declared = reversed(list(registry))
    result["tags"] = [
        {"name": resource.name, "description": resource.description}
        for declaration in declared
        for resource in declaration.resources
    ]
    components = result["components"]
    components["schemas"] |= {
        "Problem": parts.PROBLEM,
        "ProblemError": parts.PROBLEM_ERROR,
    }
    components["headers"] = parts.HEADERS
    components["parameters"] = parts.PARAMETERS
    components["responses"] = parts.shared_responses()
    return result
