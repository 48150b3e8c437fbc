"""When two requests with the same Idempotency-Key count as the same request."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from core.api.idempotency import fingerprint as fingerprint_of
from core.api.parsers import (
    StrictFormParser,
    StrictJSONParser,
    StrictMultiPartParser,
    UploadParser,
)

PARSERS = (StrictJSONParser, StrictFormParser, StrictMultiPartParser, UploadParser)
FIELD = '--{b}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
FILE = (
    '--{b}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    "Content-Type: {kind}\r\n\r\n{content}\r\n"
)
LARGE = "x" * 3_000_000  # beyond FILE_UPLOAD_MAX_MEMORY_SIZE: a file on the disk


def request_of(body: str, content_type: str, path: str = "/drop") -> Request:
    plain = RequestFactory().generic("POST", path, body, content_type=content_type)
    return Request(plain, parsers=[parser() for parser in PARSERS])


def fingerprint(request: Request) -> str:
    with closing(request._request):  # as at the end of a request: removes its files
        return fingerprint_of(request)


def field(name: str = "title", value: str = "Notes") -> str:
    return FIELD.format(b="{b}", name=name, value=value)


def file(**changes: str) -> str:
    usual = {"field": "file", "name": "a.txt", "kind": "text/plain", "content": "one"}
    return FILE.format(b="{b}", **usual | changes)


def multipart(*parts: str, boundary: str = "b") -> Request:
    body = "".join(parts).format(b=boundary) + f"--{boundary}--\r\n"
    return request_of(body, f"multipart/form-data; boundary={boundary}")


def test_the_name_of_a_file_the_boundary_and_the_order_of_parts_do_not_count():
    other = file(content="two")
    one = fingerprint(multipart(field(), file(), other))
    for same in (
        multipart(field(), file(name="b.txt"), other),
        multipart(other, file(), field()),
        multipart(field(), file(), other, boundary="another"),
    ):
        assert fingerprint(same) == one


@pytest.mark.parametrize(
    "parts",
    [
        (field(), file(content="two")),
        (field(), file(kind="text/html")),
        (field(), file(field="other")),
        (field(), file(), file()),
        (field(value="Other"), file()),
        (file(),),
        (field(),),
        (field(), field("file", "one")),
    ],
)
def test_fields_media_types_and_bytes_of_files_count(parts: tuple[str, ...]):
    assert fingerprint(multipart(*parts)) != fingerprint(multipart(field(), file()))


@pytest.mark.parametrize("content", ["one", LARGE], ids=["in memory", "on the disk"])
def test_files_are_read_from_their_beginning_afterwards(content: str):
    request: Any = multipart(file(content=content))
    with closing(request._request):
        fingerprint_of(request)
        assert request.FILES["file"].read() == content.encode()


def test_a_raw_body_counts_by_its_bytes_and_media_type():
    one = fingerprint(request_of("one", "text/plain"))
    assert fingerprint(request_of("one", "text/plain")) == one
    for other in (
        request_of("two", "text/plain"),
        request_of("one", "text/html"),
        request_of("one", "text/plain", "/elsewhere"),
    ):
        assert fingerprint(other) != one
