"""The file format of an archive: a tar file that its manifest fully determines.

The members come first, then the manifest, then a seal: the SHA-256 of all bytes before
it. A reader rebuilds each tar header from the manifest and compares it, so other tar
features, such as links, devices and unusual names, are never interpreted.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from core.errors import Invalid

FORMAT = 1
BLOCK = 512  # bytes; the block size of tar
PIECE = 1024 * 1024  # bytes to read or write at once
MANIFEST = "manifest.jsonl"
_SEAL = "seal"
_TEXT = re.compile(
    rb"todo backup (\d{1,9})\nmanifest (\d{20})\nsha256 ([0-9a-f]{64})\n"
)
# Any constant time works; tar warns about times in 1970.
_MODIFIED_AT = 946_684_800


class BadArchive(Invalid):
    """The file is not an intact backup of this service."""


class Container:
    """Write the members of an archive, then its manifest and seal."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        """Add a member of exactly `size` bytes and return its SHA-256."""
        self._write(header(name, size))
        digest, rest = hashlib.sha256(), size
        for piece in pieces:
            digest.update(piece)
            self._write(piece)
            rest -= len(piece)
        if rest:
            raise ValueError(f"{name} is not {size} bytes long.")
        self._write(padding(size))
        return digest.hexdigest()

    def seal(self, head: bytes, members: BinaryIO) -> None:
        """Add the manifest, made of its head and the lines of all members, and seal."""
        length = members.tell()
        members.seek(0)
        size = len(head) + length
        self.add(MANIFEST, size, chain([head], pieces_of(members, length)))
        self._stream.write(tail(size, self._digest.hexdigest()))

    def _write(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._stream.write(piece)


def check_seal(stream: BinaryIO, size: int, done: Callable[[int], None]) -> int:
    """Check every byte of the file against its seal; return the manifest's size.

    Raise BadArchive if the file is not sealed, truncated or changed anywhere.
    """
    length = len(tail(0, "0" * 64))
    stored = _last(stream, min(size, length))
    found = _TEXT.search(stored)
    if found is None or size < length:
        raise BadArchive("It is not a backup of this service, or it is truncated.")
    if (version := int(found[1])) != FORMAT:
        raise BadArchive(f"Its format is {version}; this release reads {FORMAT}.")
    digest = hashlib.sha256()
    stream.seek(0)
    for piece in pieces_of(stream, size - length):
        digest.update(piece)
        done(len(piece))
    manifest = int(found[2])
    if stored != tail(manifest, digest.hexdigest()):
        raise BadArchive("It is damaged: its checksum does not match.")
    return manifest


def manifest_offset(size: int, manifest: int) -> int:
    """Return the offset of the manifest's header in a file of `size` bytes."""
    end = size - len(tail(0, "0" * 64)) - len(header(MANIFEST, manifest))
    return end - manifest - len(padding(manifest))


def tail(manifest: int, digest: str) -> bytes:
    """Return the seal and the end of the tar file, which have a constant length."""
    text = f"todo backup {FORMAT}\nmanifest {manifest:020d}\nsha256 {digest}\n".encode()
    return header(_SEAL, len(text)) + text + padding(len(text)) + bytes(2 * BLOCK)


def header(name: str, size: int) -> bytes:
    """Return the tar header of a plain file of this name and size."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, _MODIFIED_AT
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def pieces_of(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the next `size` bytes; raise BadArchive if the file is shorter."""
    while size:
        piece = stream.read(min(size, PIECE))
        if not piece:
            raise BadArchive("It is truncated.")
        size -= len(piece)
        yield piece


def _last(stream: BinaryIO, size: int) -> bytes:
    stream.seek(-size, 2)
    return stream.read(size)
