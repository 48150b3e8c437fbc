"""Bodies of requests: strict, within bounds, and nothing a database cannot keep."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, FormParser, MultiPartParser

from core.text import is_storable

_INT64 = 2**63


class StrictJSONParser(BaseParser):
    """RFC 8259 JSON in UTF-8: bounded depth, finite 64-bit numbers, unique names."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        require_bounded(parser_context)
        try:
            value = json.loads(
                stream.read().decode("utf-8"),
                parse_int=_integer,
                parse_float=_number,
                parse_constant=_refuse_constant,
                object_pairs_hook=_object,
            )
        except UnicodeDecodeError:
            raise ParseError(_("The body is not UTF-8.")) from None
        except RecursionError:
            raise ParseError(_("The body is nested too deeply.")) from None
        except ValueError as error:
            raise ParseError(_("The body is not JSON: %s") % error) from None
        require_sound(value)
        return value


class Strict(BaseParser):
    """Refuse what is too large before it is read, and texts that cannot be kept."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        require_bounded(parser_context)
        form: Any = super().parse(stream, media_type, parser_context)
        for name, values in getattr(form, "data", form).lists():  # files stand apart
            require_sound([name, *values])
        return form


class StrictFormParser(Strict, FormParser):
    """application/x-www-form-urlencoded, with texts that a database can keep."""


class StrictMultiPartParser(Strict, MultiPartParser):
    """multipart/form-data, with texts that a database can keep."""


def require_bounded(parser_context: Mapping[str, Any] | None) -> None:
    """Refuse a body that is larger than bodies may be, before it is read."""
    assert parser_context is not None  # noqa: S101  (the framework always gives one)
    length = parser_context["request"].META.get("CONTENT_LENGTH") or 0
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if limit is not None and int(length) > limit:
        raise RequestDataTooBig


def require_sound(value: object, depth: int = 1) -> None:
    """Refuse texts that no database keeps, and nesting beyond the bound."""
    if isinstance(value, str) and not is_storable(value):
        raise ParseError(_("Null characters and lone surrogates are not allowed."))
    if not isinstance(value, dict | list):
        return
    if depth > settings.INPUT_MAX_JSON_DEPTH:
        raise ParseError(_("The body is nested too deeply."))
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    for part in parts:
        require_sound(part, depth + 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


def _integer(text: str) -> int:
    # Bounded before it is read: int() takes long over thousands of digits.
    if len(text) > 20 or not -_INT64 <= (value := int(text)) < _INT64:
        raise ValueError("a number is out of range")
    return value


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError("a number is out of range")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
