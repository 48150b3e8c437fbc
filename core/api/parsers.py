"""Request parsers: strict, bounded, and limited to text that databases can store.

What is held in memory obeys the default limit (DATA_UPLOAD_MAX_MEMORY_SIZE). Files are
streamed, large ones to a temporary file, so only the door's `body_limit` applies.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import (
    BaseParser,
    FileUploadParser,
    FormParser,
    MultiPartParser,
)
from rest_framework.request import Request

from core.api.digests import digests_of
from core.text import is_storable

CHUNK = 64 * 1024  # bytes
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
        return parse_json(stream.read())


class StrictFormParser(FormParser):
    """application/x-www-form-urlencoded, with text that databases can store."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        require_bounded(parser_context)
        with complete(stream, parser_context) as body:
            return parse_form(body.read())


class StrictMultiPartParser(MultiPartParser):
    """multipart/form-data, with text that databases can store.

    Django applies the default limit to the fields and streams the files. It replaces
    bytes that are not UTF-8; forms in memory were checked before.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        with complete(stream, parser_context) as body:
            form: Any = super().parse(body, media_type, parser_context)
            close_at_end(parser_context, form.files)
        require_storable_form(form.data)
        if is_streamed(request_of(parser_context)._request):
            require_intact(form.data)
        return form


class UploadParser(FileUploadParser):
    """A body that is one file, of any media type: `request.data["file"]`."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        with complete(stream, parser_context) as body:
            parsed: Any = super().parse(body, media_type, parser_context)
            files = MultiValueDict({"file": [parsed.files["file"]]})
            close_at_end(parser_context, files)
        return parsed

    def get_filename(self, *args: Any) -> str:
        return "upload"  # the client's file name is not part of the body


class CountedStream:
    """A stream that counts the bytes read from it, and knows what they should be."""

    def __init__(self, stream: IO[Any], request: HttpRequest) -> None:
        self.stream, self.count = stream, 0
        self.digests = digests_of(request)

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(size)
        self.count += len(data)
        self.digests.update(data)
        return data


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text, or refuse it: see StrictJSONParser."""
    try:
        value = json.loads(
            data.decode("utf-8"),
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
    require_storable(value)
    return value


def parse_form(data: bytes) -> QueryDict:
    """Return the fields of a form whose bytes are UTF-8."""
    form = QueryDict(data, encoding="utf-8")
    require_storable_form(form)
    return form


@contextmanager
def complete(
    stream: IO[Any], parser_context: Mapping[str, Any] | None
) -> Iterator[IO[Any]]:
    """Refuse a truncated body, which servers pass on when a client disconnects.

    The same goes for one that is not what its sender signed.
    """
    request = request_of(parser_context)._request
    body: Any = CountedStream(stream, request)
    yield body
    while body.read(CHUNK):
        pass
    if body.count < body_length(request):
        raise ParseError(_("The body is shorter than its Content-Length."))
    body.digests.check()


def close_at_end(
    parser_context: Mapping[str, Any] | None, files: MultiValueDict[str, Any]
) -> None:
    """Let Django close the files at the end of the request, even if it fails."""
    request: Any = request_of(parser_context)._request
    request._files = files


def is_streamed(request: HttpRequest) -> bool:
    """Return whether the body is too large to be held in memory."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return limit is not None and body_length(request) > limit


def body_length(request: HttpRequest | Request) -> int:
    """Return the Content-Length; 0 if it is missing or invalid."""
    length = request.headers.get("Content-Length") or "0"
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def request_of(parser_context: Mapping[str, Any] | None) -> Request:
    assert parser_context is not None  # noqa: S101  (the framework always gives one)
    request: Request = parser_context["request"]
    return request


def require_bounded(parser_context: Mapping[str, Any] | None) -> None:
    """Refuse a body that is too large to be held in memory, before reading it."""
    if is_streamed(request_of(parser_context)._request):
        raise RequestDataTooBig


def require_storable_form(form: QueryDict) -> None:
    for name, values in form.lists():
        require_storable([name, *values])


def require_intact(form: QueryDict) -> None:
    """Refuse the character that the framework puts in place of bytes it cannot read."""
    for name, values in form.lists():
        if any("\ufffd" in text for text in (name, *values)):
            raise ParseError(_("The body is not UTF-8."))


def require_storable(value: object, depth: int = 1) -> None:
    """Refuse text that databases cannot store, and nesting beyond the limit."""
    if isinstance(value, str) and not is_storable(value):
        raise ParseError(_("Null characters and lone surrogates are not allowed."))
    if not isinstance(value, dict | list):
        return
    if depth > settings.INPUT_MAX_JSON_DEPTH:
        raise ParseError(_("The body is nested too deeply."))
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    for part in parts:
        require_storable(part, depth + 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return value


def _integer(text: str) -> int:
    # Check the length first: int() is slow for thousands of digits.
    if len(text) > 20 or not -_INT64 <= (value := int(text)) < _INT64:
        raise ValueError("a number is out of range")
    return value


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError("a number is out of range")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")
