"""How responses are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer as FrameworkRenderer
from rest_framework.utils.encoders import JSONEncoder

_OPTIONS = orjson.OPT_UTC_Z
_default = JSONEncoder().default
# Line breaks in JavaScript, so that JSON can be used there (ECMA-262, before 2019).
_ESCAPES = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))


class JSONRenderer(FrameworkRenderer):
    """Writes JSON several times as fast as the framework, in the same bytes."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        is_indented = accepted_media_type and "indent" in accepted_media_type
        if data is None or is_indented:
            return super().render(data, accepted_media_type, renderer_context)
        return as_json(data)


def as_json(data: object) -> bytes:
    """Return data as JSON, with ids, dates and times as the standards write them."""
    text = orjson.dumps(data, _default, _OPTIONS)
    for character, escaped in _ESCAPES:
        if character in text:
            text = text.replace(character, escaped)
    return text
