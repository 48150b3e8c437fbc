"""An S3-compatible store, through boto3, which is an extra of the package (s3)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.storage import Storage
from django.utils.deconstruct import deconstructible

PART = 8 * 1024 * 1024  # bytes of an upload that are held in memory; S3's minimum is 5
MISSING = {"404", "NoSuchKey", "NotFound"}


@deconstructible
class S3Store(Storage):
    """Objects in a bucket; `endpoint` is empty for Amazon's own."""

    def __init__(self, *, bucket: str, endpoint: str, region: str, **keys: str) -> None:
        self.bucket = bucket
        self._options = {
            "endpoint_url": endpoint or None,
            "region_name": region or None,
            "aws_access_key_id": keys["access_key"] or None,
            "aws_secret_access_key": keys["secret_key"] or None,
        }

    @cached_property
    def client(self) -> Any:
        # Clients may be used by several threads at once.
        config = Config(
            connect_timeout=2,  # seconds, as the next one
            read_timeout=20,
            retries={"total_max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "path"},
            # Other stores do not know Amazon's newer checksums; files have their own.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.client("s3", config=config, **self._options)

    def create(self, name: str) -> NewObject:
        return NewObject(self, name)

    def _open(self, name: str, mode: str = "rb") -> Any:
        return io.BufferedReader(StoredObject(self, name), 1024 * 1024)

    def exists(self, name: str) -> bool:
        try:
            self.call("head_object", name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self.call("head_object", name)["ContentLength"])

    def delete(self, name: str) -> None:
        self.call("delete_object", name)

    def names(self, folder: str) -> Iterator[str]:
        with failures():
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=f"{folder}/"):
                yield from (found["Key"] for found in page.get("Contents", ()))

    def call(self, operation: str, name: str, **options: Any) -> Any:
        with failures():
            method = getattr(self.client, operation)
            return method(Bucket=self.bucket, Key=name, **options)


@contextmanager
def failures() -> Iterator[None]:
    """Raise what boto3 raises as OSError, as other storages do."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        kind = FileNotFoundError if code in MISSING else OSError
        raise kind(f"The file store answered {code}.") from error
    except BotoCoreError as error:
        raise OSError("The file store does not respond.") from error


class NewObject:
    """A new object, sent in parts; it exists once it is closed."""

    def __init__(self, store: S3Store, name: str) -> None:
        self._store, self._name = store, name
        self._held = bytearray()
        self._upload: dict[str, str] = {}
        self._parts: list[dict[str, Any]] = []

    def write(self, piece: bytes) -> int:
        self._held += piece
        if len(self._held) >= PART:
            self._send_part()
        return len(piece)

    def close(self) -> None:
        if not self._upload:
            self._store.call("put_object", self._name, Body=bytes(self._held))
            return
        self._send_part()
        self._call("complete_multipart_upload", MultipartUpload={"Parts": self._parts})

    def abort(self) -> None:
        """Leave nothing in the store."""
        if self._upload:
            self._call("abort_multipart_upload")

    def _send_part(self) -> None:
        if not self._upload:
            begun = self._store.call("create_multipart_upload", self._name)
            self._upload = {"UploadId": begun["UploadId"]}
        number = len(self._parts) + 1
        sent = self._call("upload_part", PartNumber=number, Body=bytes(self._held))
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._held.clear()

    def _call(self, operation: str, **options: Any) -> Any:
        return self._store.call(operation, self._name, **self._upload, **options)


class StoredObject(io.RawIOBase):
    """An object for reading; after a seek, a new request asks for the rest."""

    def __init__(self, store: S3Store, name: str) -> None:
        self._store, self._name = store, name
        self._size = store.size(name)
        self._position = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}
        if (position := base[whence] + offset) != self._position:
            self._hang_up()
            self._position = position
        return position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        with failures():
            piece: bytes = self._response().read(len(buffer))
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _response(self) -> Any:
        if self._body is None:
            rest = f"bytes={self._position}-"
            self._body = self._store.call("get_object", self._name, Range=rest)["Body"]
        return self._body

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
