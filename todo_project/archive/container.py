"""The file of an archive: a tar whose every byte follows from its manifest.

Members come one after the other, then the manifest, then a seal with the SHA-256 of
all before it. A reader makes each header anew from the manifest and compares: what
tar can say beside that, such as links, devices and odd names, is never interpreted.
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
BLOCK = 512  # bytes; tar counts in them
PIECE = 1024 * 1024  # bytes read or written at once
MANIFEST = "manifest.jsonl"
_SEAL = "seal"
_TEXT = re.compile(
    rb"todo backup (\d{1,9})\nmanifest (\d{20})\nsha256 ([0-9a-f]{64})\n"
)
# Any moment would do; tar warns of one in 1970.
_MOMENT = 946_684_800


class BadArchive(Invalid):
    """The file is not what a backup wrote."""


class Container:
    """Write members one after the other, then seal them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        """Add a member of exactly `size` bytes; return its SHA-256."""
        self._write(header(name, size))
        digest, rest = hashlib.sha256(), size
        for piece in pieces:
            digest.update(piece)
            self._write(piece)
            rest -= len(piece)
        if rest:
            raise ValueError(f"{name} is not as long as was said.")
        self._write(padding(size))
        return digest.hexdigest()

    def seal(self, head: bytes, members: BinaryIO) -> None:
        """Add the manifest, which is its head and what was told of the members."""
        told = members.tell()
        members.seek(0)
        size = len(head) + told
        self.add(MANIFEST, size, chain([head], pieces_of(members, told)))
        self._stream.write(tail(size, self._digest.hexdigest()))

    def _write(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._stream.write(piece)


def check_seal(stream: BinaryIO, size: int, done: Callable[[int], None]) -> int:
    """Check each byte of the file against its seal; return the manifest's size.

    Raises BadArchive for a file that is not sealed, cut, or changed anywhere.
    """
    length = len(tail(0, "0" * 64))
    said = _last(stream, min(size, length))
    found = _TEXT.search(said)
    if found is None or size < length:
        raise BadArchive("It is no backup of this service, or its end is missing.")
    if (version := int(found[1])) != FORMAT:
        raise BadArchive(f"Its format is {version}; this release reads {FORMAT}.")
    digest = hashlib.sha256()
    stream.seek(0)
    for piece in pieces_of(stream, size - length):
        digest.update(piece)
        done(len(piece))
    manifest = int(found[2])
    if said != tail(manifest, digest.hexdigest()):
        raise BadArchive("It is damaged: its bytes are not those that were sealed.")
    return manifest


def manifest_offset(size: int, manifest: int) -> int:
    """Return where the manifest's header stands in a file of so many bytes."""
    there = size - len(tail(0, "0" * 64)) - len(header(MANIFEST, manifest))
    return there - manifest - len(padding(manifest))


def tail(manifest: int, digest: str) -> bytes:
    """Return the seal and what tar has at its end: always equally many bytes."""
    text = f"todo backup {FORMAT}\nmanifest {manifest:020d}\nsha256 {digest}\n".encode()
    return header(_SEAL, len(text)) + text + padding(len(text)) + bytes(2 * BLOCK)


def header(name: str, size: int) -> bytes:
    """Return what tar writes before a plain file of this name and size."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, _MOMENT
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def pieces_of(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Read so many bytes; raise BadArchive where the file ends before."""
    while size:
        piece = stream.read(min(size, PIECE))
        if not piece:
            raise BadArchive("It ends too early.")
        size -= len(piece)
        yield piece


def _last(stream: BinaryIO, size: int) -> bytes:
    stream.seek(-size, 2)
    return stream.read(size)
