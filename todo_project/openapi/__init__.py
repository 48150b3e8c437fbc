"""The OpenAPI document, generated from the code."""

from __future__ import annotations

from todo_project.openapi.document import complete
from todo_project.openapi.schema import ApiSchema
from todo_project.openapi.security import ApiKeyScheme, SessionScheme, SignatureScheme

__all__ = [
    "ApiKeyScheme",
    "ApiSchema",
    "SessionScheme",
    "SignatureScheme",
    "complete",
]
