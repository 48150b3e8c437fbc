"""Read an archive; nothing in it is trusted before it is verified."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from todo_project.archive.container import (
    MANIFEST,
    BadArchive,
    check_seal,
    header,
    manifest_offset,
    padding,
    pieces_of,
)
from todo_project.archive.manifest import (
    LINE_LENGTH,
    File,
    Part,
    check_order,
    parse_head,
    parse_member,
)

Done = Callable[[int], None]
_GZIP = 16 + zlib.MAX_WBITS


class Archive:
    """An archive; opening it checks every byte against the seal."""

    def __init__(self, stream: BinaryIO, done: Done = lambda _count: None) -> None:
        self._stream = stream
        self.size = stream.seek(0, 2)
        self._manifest_size = check_seal(stream, self.size, done)
        self._manifest = manifest_offset(self.size, self._manifest_size)
        if self._manifest < 0:
            raise BadArchive("It is shorter than its manifest says.")
        self.head = parse_head(next(self._lines(), b""))

    def check(self, done: Done) -> None:
        """Unpack and verify everything without writing it anywhere."""
        for member in self.members():
            if isinstance(member, Part):
                self.rows_of(member)
            else:
                for _piece in self.pieces_of(member):
                    pass
            done(member.size)

    def members(self) -> Iterator[Part | File]:
        """Yield each member with the stream positioned at its content."""
        offset = 0
        for member in check_order(self._parse_members(), self.head):
            self._expect(offset, header(member.name, member.size))
            begin = self._stream.tell()
            yield member
            end = begin + member.size
            self._expect(end, padding(member.size))
            offset = self._stream.tell()
        if offset != self._manifest:
            raise BadArchive("It contains more than its manifest says.")

    def rows_of(self, part: Part) -> bytes:
        """Return the rows of the part at the stream's position, one per line."""
        packed = b"".join(self.pieces_of(part))
        unpacking = zlib.decompressobj(_GZIP)
        try:
            rows = unpacking.decompress(packed, part.unpacked)
            whole = not unpacking.decompress(unpacking.unconsumed_tail, 1)
        except zlib.error:
            whole, rows = False, b""
        whole = whole and unpacking.eof and not unpacking.unused_data
        if not whole or len(rows) != part.unpacked or not self._has_shape(part, rows):
            raise BadArchive(f"{part.name} does not match the manifest.")
        return rows

    def pieces_of(self, member: Part | File) -> Iterator[bytes]:
        """Yield the content of the member at the stream's position."""
        digest = hashlib.sha256()
        for piece in pieces_of(self._stream, member.size):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != member.sha256:
            raise BadArchive(f"{member.name} does not match the manifest.")

    def _has_shape(self, part: Part, rows: bytes) -> bool:
        tabs = len(self.head.tables[part.table]) - 1
        counts = (rows.count(b"\n"), rows.count(b"\t"), rows.endswith(b"\n"))
        return counts == (part.rows, part.rows * tabs, True)

    def _parse_members(self) -> Iterator[Part | File]:
        lines = self._lines()
        next(lines)
        yield from map(parse_member, lines)

    def _lines(self) -> Iterator[bytes]:
        offset = self._manifest
        self._expect(offset, header(MANIFEST, self._manifest_size))
        offset = self._stream.tell()
        end = offset + self._manifest_size
        while offset < end:
            self._stream.seek(offset)
            line = self._stream.readline(min(LINE_LENGTH, end - offset))
            offset += len(line)
            yield line

    def _expect(self, offset: int, expected: bytes) -> None:
        self._stream.seek(offset)
        if self._stream.read(len(expected)) != expected:
            raise BadArchive("Its layout does not match its manifest.")
