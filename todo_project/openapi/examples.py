"""Examples of the main requests."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample

_LIST = "01997f3a-6c2e-7d41-9a53-1f0c8e5b7a10"
_TODO = "01997f3a-8b1d-7e02-8c64-5d2a9f4e6b21"
_LABEL = "01997f3a-9d4c-7a93-b1e7-8a6f3c5d2e32"


def _request(name: str, value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


EXAMPLES: dict[str, list[OpenApiExample]] = {
    "todos_create": [
        _request("Into the inbox", {"content": "好好学习"}),
        _request(
            "With all that matters",
            {
                "list": _LIST,
                "content": "Renew the passport",
                "notes": "Two photos, the old passport.",
                "priority": 2,
                "due_on": "2026-03-31",
                "due_time": "09:30",
                "due_zone": "Europe/Berlin",
                "labels": [_LABEL],
            },
        ),
    ],
    "todos_update": [
        _request("Replace", {"content": "Renew both passports", "priority": 3})
    ],
    "todos_partial_update": [
        _request("Postpone", {"due_on": "2026-04-15"}),
        _request("Move to another list", {"list": _LIST}),
    ],
    "todos_position": [_request("Right after another todo", {"after": _TODO})],
    "lists_create": [_request("A list", {"name": "Garden", "colour": "#2e7d32"})],
    "lists_partial_update": [_request("Archive", {"is_archived": True})],
    "lists_members_create": [
        _request("Share", {"person": "edgar@example.com", "role": "editor"})
    ],
    "lists_members_partial_update": [_request("Only look", {"role": "viewer"})],
    "labels_create": [
        _request("A label", {"list": _LIST, "name": "urgent", "colour": "#c62828"})
    ],
    "labels_partial_update": [_request("Rename", {"name": "soon"})],
    "comments_create": [_request("A comment", {"text": "The office opens at eight."})],
    "comments_partial_update": [
        _request("A correction", {"text": "The office opens at nine."})
    ],
    "me_partial_update": [
        _request("Move", {"time_zone": "Asia/Shanghai", "language": "zh-hans"})
    ],
    "me_keys_create": [
        _request(
            "A key that only reads todos",
            {
                "name": "wall display",
                "scopes": ["todos:read", "lists:read"],
                "expires_at": "2027-01-01T00:00:00Z",
            },
        )
    ],
}
