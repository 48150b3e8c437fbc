"""Write everything that the installation keeps into one file."""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from django.conf import settings
from django.db import connection

from core.errors import Conflict
from core.progress import Progress
from todo_project.archive.container import PIECE, Container
from todo_project.archive.engines import engine
from todo_project.archive.files import find_files, media
from todo_project.archive.manifest import File, Head, Part, as_line
from todo_project.archive.tables import (
    Table,
    applied_migrations,
    count_rows,
    require_known_tables,
    tables,
)

ROWS = 4 * 1024 * 1024  # bytes of rows that are packed together
LEVEL = 3  # of gzip
Shown = Callable[[str, int | None], Progress]


def write_archive(path: Path, *, now: datetime, shown: Shown) -> Head:
    """Write one state of all rows, and the files, to a new file of mode 0600.

    The file appears whole or not at all. Raises Conflict where it stands already.
    """
    _require_place(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with TemporaryFile(dir=path.parent) as told:
                backup = Backup(stream, told)
                backup.add_all_rows(shown)
                backup.add_all_files(shown)
                head = backup.seal(now)
            stream.flush()
            os.fsync(stream.fileno())
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return head


class Backup:
    """An archive while it is written, with what its manifest will tell."""

    def __init__(self, stream: BinaryIO, told: BinaryIO) -> None:
        self._container = Container(stream)
        self._told = told
        self._migrations: list[str] = []
        self._rows = dict.fromkeys(tables(), 0)
        self._files = self._size = 0

    def add_all_rows(self, shown: Shown) -> None:
        with engine().snapshot():
            self._migrations = applied_migrations()
            require_known_tables(self._migrations)
            total = sum(map(count_rows, tables().values()))
            with shown("Rows", total) as progress:
                for table in tables().values():
                    for number, rows in enumerate(_packages(table), start=1):
                        progress.add(self._add_rows(table, number, rows))

    def add_all_files(self, shown: Shown) -> None:
        with shown("Files", None) as progress:
            for path in find_files(media()):
                progress.add(self._add_file(path))

    def seal(self, now: datetime) -> Head:
        head = Head(
            made_at=now.isoformat(timespec="seconds"),
            release=settings.RELEASE,
            engine=connection.vendor,
            migrations=self._migrations,
            tables={table.name: table.column_names for table in tables().values()},
            rows=self._rows,
            files=self._files,
            size=self._size,
        )
        self._container.seal(as_line(head), self._told)
        return head

    def _add_rows(self, table: Table, number: int, rows: bytes) -> int:
        packed = gzip.compress(rows, LEVEL, mtime=0)
        part = Part(
            table=table.name,
            number=number,
            rows=rows.count(b"\n"),
            unpacked=len(rows),
            size=len(packed),
            sha256=hashlib.sha256(packed).hexdigest(),
        )
        self._container.add(part.name, part.size, [packed])
        self._told.write(as_line(part))
        self._rows[table.name] += part.rows
        return part.rows

    def _add_file(self, path: Path) -> int:
        """Add the file; one that is purged meanwhile is part of no archive."""
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            return 0
        with stream:
            size = os.fstat(stream.fileno()).st_size
            name = str(path.relative_to(media()))
            digest = self._container.add(
                File(name, size, "").name, size, _content(stream, size, path)
            )
        self._told.write(as_line(File(name, size, digest)))
        self._files, self._size = self._files + 1, self._size + size
        return 1


def _packages(table: Table) -> Iterator[bytes]:
    """Yield all rows of the table, whole lines, some megabytes at a time."""
    gathered = bytearray()
    for lines in engine().read_rows(table):
        gathered += lines
        if len(gathered) >= ROWS and gathered.endswith(b"\n"):
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _content(stream: BinaryIO, size: int, path: Path) -> Iterator[bytes]:
    """Read so many bytes: what is appended meanwhile belongs to the next archive."""
    while size:
        piece = stream.read(min(size, PIECE))
        if not piece:
            raise Conflict(f"{path} was cut while it was read; begin again.")
        size -= len(piece)
        yield piece


def _require_place(path: Path) -> None:
    if path.exists():
        raise Conflict(f"{path} exists already; it is not overwritten.")
    # What lies there is served to browsers.
    if path.resolve().is_relative_to(media().resolve()):
        raise Conflict(f"{path} lies among the files of people; choose another folder.")


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        raise Conflict(f"{path} exists already; it is not overwritten.") from None
    except OSError:  # some file systems have no links
        draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
