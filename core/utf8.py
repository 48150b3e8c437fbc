"""Check that what a client sends is UTF-8.

The framework replaces bytes that are not UTF-8, or reads them as Latin-1. Then text
would be stored that nobody has typed.
"""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http.multipartparser import (
    FIELD,
    FILE,
    ChunkIter,
    LazyStream,
    MultiPartParserError,
    Parser,
)
from django.utils.http import parse_header_parameters

CHUNK = 64 * 1024  # bytes


def is_utf8(data: bytes) -> bool:
    """Return whether the bytes are UTF-8 (RFC 3629), without surrogates."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_utf8_when_decoded(data: bytes) -> bool:
    """Return whether percent-encoded bytes are UTF-8: a path, a query or a form."""
    return is_utf8(unquote_to_bytes(data))


def is_utf8_form(content_type: str, body: bytes) -> bool:
    """Return whether a form is UTF-8: names, values and file names, but not files."""
    if content_type.startswith("multipart/"):
        return _is_utf8_multipart(content_type, body)
    return is_utf8_when_decoded(body)


def _is_utf8_multipart(content_type: str, body: bytes) -> bool:
    boundary = parse_header_parameters(content_type)[1].get("boundary", "")
    if not boundary or not boundary.isascii():
        return True  # the parser refuses it
    stream: Any = LazyStream(ChunkIter(BytesIO(body), CHUNK))
    try:
        return all(_is_utf8_part(*part) for part in Parser(stream, boundary.encode()))
    except MultiPartParserError:
        return True  # the parser refuses it


def _is_utf8_part(kind: str, headers: dict[str, Any], stream: Any) -> bool:
    if kind == FILE:
        return _has_intact_names(headers)
    data: bytes = stream.read()
    if kind != FIELD:  # the parser ignores a header that is not UTF-8
        return is_utf8(data.partition(b"\r\n\r\n")[0])
    encoding = headers.get("content-transfer-encoding", ("",))[0].strip()
    if encoding == "base64":
        try:
            data = b64decode(data)
        except ValueError:
            return is_utf8(data)  # it is read as it is
    return is_utf8(data) and _has_intact_names(headers)


def _has_intact_names(headers: dict[str, Any]) -> bool:
    """Return whether no byte of a percent-encoded name was replaced (RFC 2231)."""
    _value, parameters = headers["content-disposition"]
    return not any("\ufffd".encode() in value for value in parameters.values())
