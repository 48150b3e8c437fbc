"""Shared code of the serializers of lists and todos."""

from __future__ import annotations

from typing import Any


def named_as_in_services(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields under the names that the services use."""
    return {
        "todo_list" if name == "list" else name: value for name, value in fields.items()
    }
