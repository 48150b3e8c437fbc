"""Receive files from requests: as parts of a form, or as the whole body."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.api.parsers import UploadParser
from core.db.connections import release_connection
from core.errors import Invalid
from files.receiving import ReceivedFile

PIECE = 256 * 1024  # bytes that are read at once
MOST_FILES = 10  # of one request


class TooManyFiles(Invalid):
    code = "too_many_files"
    message = _("Send at most 10 files at a time.")


class NamedUploadParser(UploadParser):
    """A body that is one file, named by Content-Disposition (RFC 6266)."""

    def get_filename(self, *args: Any) -> str:
        return super(UploadParser, self).get_filename(*args) or "file"


class UploadOf(UploadedFile):  # type: ignore[type-arg]  # it has none at run time
    """A file of a request, which the service has stored already."""

    def __init__(self, received: ReceivedFile, content_type: str | None) -> None:
        super().__init__(None, received.name, content_type, received.size)
        self.received = received

    @property
    def sha256(self) -> str:
        return self.received.sha256


class ReceivingHandler(FileUploadHandler):
    """Encrypts and stores the files of a request while they arrive."""

    chunk_size = PIECE

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.received: list[ReceivedFile] = []

    def new_file(self, *args: Any, **options: Any) -> None:
        super().new_file(*args, **options)
        if len(self.received) == MOST_FILES:
            raise TooManyFiles
        release_connection()
        self.received.append(ReceivedFile(self.file_name or ""))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received[-1].write(raw_data)

    def file_complete(self, file_size: int) -> UploadOf:
        self.received[-1].finish()
        return UploadOf(self.received[-1], self.content_type)


@contextmanager
def receiving(request: HttpRequest) -> Iterator[None]:
    """Receive the files of the request; discard those that nothing keeps.

    Whatever ends the request, such as a client that hangs up, nothing is left behind.
    """
    handler = ReceivingHandler(request)
    request.upload_handlers = [handler]
    try:
        yield
    finally:
        for received in handler.received:
            received.discard()
