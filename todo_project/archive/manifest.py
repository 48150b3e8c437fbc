"""The manifest of an archive: a head line, then one line for each member.

Lines are read one at a time, so that archives of any size need constant memory.
Nothing in the manifest is trusted before it has been validated.
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
PART_SIZE = 64 * 1024 * 1024  # bytes, at most; a part is kept in memory
FILE_SIZE = 2**40  # bytes, at most
PATH_LENGTH = 4096  # characters, at most: PATH_MAX of Linux
STAGING = ".restoring"  # the folder of files until all are restored
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
    """The first line: when and by which release the archive was made, its tables."""

    made_at: str
    release: str
    engine: str
    migrations: list[str]
    tables: dict[str, list[str]]  # the columns of each table
    rows: dict[str, int]  # the number of rows of each table
    files: int
    size: int  # of all files, in bytes

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
    """A part of a table: rows in the text format of PostgreSQL's COPY, gzipped."""

    table: str
    number: int
    rows: int
    unpacked: int  # bytes
    size: int  # bytes after compression
    sha256: str

    @property
    def name(self) -> str:
        return f"tables/{self.table}/{self.number:06d}.copy.gz"

    def check(self) -> None:
        _require(_NAME.fullmatch(self.table) and self.rows > 0)
        _require(0 < self.size <= PART_SIZE and 0 < self.unpacked <= PART_SIZE)


@dataclass(frozen=True)
class File:
    """An uploaded file, with its path relative to MEDIA_ROOT."""

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
        _require(self.steps[0] != STAGING.encode())

    @property
    def steps(self) -> tuple[bytes, ...]:
        """Return the folders and the file name as the file system spells them."""
        return tuple(self.path.encode("utf-8", "surrogateescape").split(b"/"))


def as_line(line: Head | Part | File) -> bytes:
    return json.dumps(asdict(line), separators=(",", ":")).encode() + b"\n"


def parse_head(line: bytes) -> Head:
    return _parse(Head, _document(line))


def parse_member(line: bytes) -> Part | File:
    document = _document(line)
    return _parse(Part, document) if "table" in document else _parse(File, document)


def check_order(members: Iterator[Part | File], head: Head) -> Iterator[Part | File]:
    """Yield the members; refuse duplicates, wrong order and undeclared members.

    The tables follow the order of the head, their parts numbered from 1; then come
    the files, sorted by path.
    """
    last: tuple[Any, ...] = ()
    rows = dict.fromkeys(head.tables, 0)
    files = size = 0
    order = {name: number for number, name in enumerate(head.tables)}
    position: tuple[Any, ...]
    for member in members:
        if isinstance(member, Part):
            _require(member.table in order)
            position = (0, order[member.table], member.number)
            is_next_part = last[:2] == position[:2]
            _require(member.number == (last[2] + 1 if is_next_part else 1))
            rows[member.table] += member.rows
        else:
            position = (1, *member.steps)
            files, size = files + 1, size + member.size
        _require(last < position)
        last = position
        yield member
    _require((rows, files, size) == (head.rows, head.files, head.size))


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise _invalid()
    return document


def _parse(kind: type[Line], document: dict[str, Any]) -> Line:
    expected = {field.name: _TYPES[str(field.type)] for field in fields(kind)}
    _require({name: type(value) for name, value in document.items()} == expected)
    line = kind(**document)
    try:
        line.check()
    except (TypeError, ValueError) as error:
        raise _invalid() from error
    return line


def _require(condition: object) -> None:
    if not condition:
        raise _invalid()


def _invalid() -> BadArchive:
    return BadArchive("Its manifest is invalid.")
