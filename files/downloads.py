"""Responses with the content of a file, or a range of it (RFC 9110 §14)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from core.api.preconditions import conditional_response
from core.api.problems import problem_response
from core.db.connections import release_connection
from files.models import StoredFile
from files.services import Content, read_file

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Whatever a file contains, a browser saves it and never runs it.
HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def download(request: HttpRequest, row: StoredFile, *, name: str) -> HttpResponseBase:
    """Respond with the file, or with the range that the request asks for.

    Raise what `read_file` raises.
    """
    etag = f'"{row.sha256}"'
    unchanged = conditional_response(request, etag=etag)
    response = unchanged or _content(request, row, name, etag)
    for header, value in HEADERS.items():
        response.headers[header] = value
    if response.status_code != 416:
        response.headers["ETag"] = etag
    return response


def _content(
    request: HttpRequest, row: StoredFile, name: str, etag: str
) -> HttpResponseBase:
    start, stop = _range_of(request, row.size, etag)
    is_part = stop - start < row.size
    response: HttpResponseBase
    if start >= stop and is_part:
        every = {"Content-Range": f"bytes */{row.size}"}
        return problem_response(request, 416, headers=every)
    if request.method == "HEAD":
        response = HttpResponse()
    else:
        response = StreamingHttpResponse(
            Sending(read_file(row, start=start, stop=stop))
        )
    if is_part:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{row.size}"
    response.headers["Content-Length"] = str(stop - start)
    response.headers["Content-Type"] = row.media_type
    disposition = content_disposition_header(as_attachment=True, filename=name)
    response.headers["Content-Disposition"] = disposition or "attachment"
    return response


class Sending:
    """The pieces of a response; no connection to the database is held meanwhile."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        release_connection()
        yield from self._content

    def close(self) -> None:
        self._content.close()


def _range_of(request: HttpRequest, size: int, etag: str) -> tuple[int, int]:
    """Return where the response starts and stops; start = stop cannot be satisfied.

    Several ranges, other units and malformed headers are ignored, as the RFC permits,
    and so is a range of another version of the file (If-Range).
    """
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", etag) != etag:
        return 0, size
    first, last = found.groups()
    if not first:
        return (max(size - int(last), 0), size) if last else (0, size)
    if last and int(last) < int(first):
        return 0, size
    stop = min(int(last) + 1, size) if last else size
    return min(int(first), stop), stop
