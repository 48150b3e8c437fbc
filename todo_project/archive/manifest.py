"""What a manifest says: one line about the whole, then one for each member.

Lines are read one at a time, so that an archive of any size is gone through in
constant memory; nothing in them is believed before it was compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from todo_project.archive.container import BadArchive

LINE_LENGTH = 1024 * 1024  # bytes, at most
PART_SIZE = 64 * 1024 * 1024  # bytes, at most; a part is held in memory
FILE_SIZE = 2**40  # bytes, at most
PATH_LENGTH = 4096  # characters, at most: PATH_MAX of Linux
UNPACKING = ".restoring"  # where files stand until all are there
_RELEASE = re.compile(r"[0-9A-Za-z.+-]{1,64}")
_NAME = re.compile(r"[a-z0-9_]{1,63}")
_MIGRATION = re.compile(r"[A-Za-z0-9_.]{1,300}")
_TYPES = {
    "str": str,
    "int": int,
    "list[str]": list,
    "dict[str, int]": dict,
    "dict[str, list[str]]": dict,
}
Line = TypeVar("Line", "Head", "Part", "File")


@dataclass(frozen=True)
class Head:
    """The whole: when and of what it was made, and which tables it holds."""

    made_at: str
    release: str
    engine: str
    migrations: list[str]
    tables: dict[str, list[str]]  # names of columns
    rows: dict[str, int]  # of each table
    files: int
    size: int  # bytes of all files

    def check(self) -> None:
        datetime.fromisoformat(self.made_at)
        _require(_RELEASE.fullmatch(self.release) and _NAME.fullmatch(self.engine))
        _require(all(map(_MIGRATION.fullmatch, self.migrations)))
        _require(all(map(_NAME.fullmatch, self.tables)))
        for columns in self.tables.values():
            _require(type(columns) is list and all(map(_NAME.fullmatch, columns)))
        _require(self.rows.keys() == self.tables.keys())


@dataclass(frozen=True)
class Part:
    """Some rows of a table, as PostgreSQL's COPY writes them, under gzip."""

    table: str
    number: int
    rows: int
    unpacked: int  # bytes
    size: int  # bytes under gzip
    sha256: str

    @property
    def name(self) -> str:
        return f"tables/{self.table}/{self.number:06d}.copy.gz"

    def check(self) -> None:
        _require(_NAME.fullmatch(self.table) and self.rows > 0)
        _require(0 < self.size <= PART_SIZE and 0 < self.unpacked <= PART_SIZE)


@dataclass(frozen=True)
class File:
    """A file that a person gave, by its path below MEDIA_ROOT."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return f"files/{self.path}"

    def check(self) -> None:
        _require(0 <= self.size <= FILE_SIZE and len(self.path) <= PATH_LENGTH)
        _require("\0" not in self.path)
        _require(not {b"", b".", b".."}.intersection(self.steps))
        _require(self.steps[0] != UNPACKING.encode())

    @property
    def steps(self) -> tuple[bytes, ...]:
        """Return the folders and the name, as the file system has them."""
        return tuple(self.path.encode("utf-8", "surrogateescape").split(b"/"))


def as_line(told: Head | Part | File) -> bytes:
    return json.dumps(asdict(told), separators=(",", ":")).encode() + b"\n"


def head_of(line: bytes) -> Head:
    return _told(Head, _document(line))


def member_of(line: bytes) -> Part | File:
    document = _document(line)
    return _told(Part, document) if "table" in document else _told(File, document)


def in_order(members: Iterator[Part | File], head: Head) -> Iterator[Part | File]:
    """Yield the members; refuse what comes twice, astray, or is not announced.

    Tables come in the order of the head with their parts counted, then files by path.
    """
    last: tuple[Any, ...] = ()
    rows = dict.fromkeys(head.tables, 0)
    files = size = 0
    places = {name: place for place, name in enumerate(head.tables)}
    now: tuple[Any, ...]
    for member in members:
        if isinstance(member, Part):
            _require(member.table in places)
            now = (0, places[member.table], member.number)
            _require(member.number == (last[2] + 1 if last[:2] == now[:2] else 1))
            rows[member.table] += member.rows
        else:
            now = (1, *member.steps)
            files, size = files + 1, size + member.size
        _require(last < now)
        last = now
        yield member
    _require((rows, files, size) == (head.rows, head.files, head.size))


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _wrong()
    return document


def _told(kind: type[Line], document: dict[str, Any]) -> Line:
    expected = {field.name: _TYPES[str(field.type)] for field in fields(kind)}
    _require({name: type(value) for name, value in document.items()} == expected)
    told = kind(**document)
    try:
        told.check()
    except (TypeError, ValueError) as error:
        raise _wrong() from error
    return told


def _require(holds: object) -> None:
    if not holds:
        raise _wrong()


def _wrong() -> BadArchive:
    return BadArchive("Its manifest is none that a backup writes.")
