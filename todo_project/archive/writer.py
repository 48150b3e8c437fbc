"""Write all data of the installation to one archive."""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from django.conf import settings
from django.db import connection

from core.errors import Conflict
from core.progress import Progress
from todo_project.archive.container import PIECE, Container
from todo_project.archive.engines import engine
from todo_project.archive.files import Source, find_sources, media
from todo_project.archive.manifest import File, Head, Part, as_line
from todo_project.archive.stored import stored_tables
from todo_project.archive.tables import Table, applied_migrations, count_rows

ROWS = 4 * 1024 * 1024  # bytes of rows that are compressed together
LEVEL = 3  # of gzip
StartProgress = Callable[[str, int | None], Progress]


def write_archive(path: Path, *, now: datetime, start_progress: StartProgress) -> Head:
    """Write a snapshot of all rows, and all files, to a new file of mode 0600.

    The file is created atomically. Raise Conflict if it exists already.
    """
    _require_free(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with TemporaryFile(dir=path.parent) as lines:
                backup = Backup(stream, lines)
                backup.add_all_rows(start_progress)
                backup.add_all_files(start_progress)
                head = backup.seal(now)
            stream.flush()
            os.fsync(stream.fileno())
        _publish(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return head


class Backup:
    """An archive that is being written, with the manifest lines of its members."""

    def __init__(self, stream: BinaryIO, lines: BinaryIO) -> None:
        self._container = Container(stream)
        self._lines = lines
        self._migrations: list[str] = []
        self._tables: dict[str, Table] = {}
        self._rows: dict[str, int] = {}
        self._files = self._size = 0

    def add_all_rows(self, start_progress: StartProgress) -> None:
        with engine().snapshot():
            self._migrations = applied_migrations()
            self._tables = stored_tables(self._migrations)
            self._rows = dict.fromkeys(self._tables, 0)
            total = sum(map(count_rows, self._tables.values()))
            with start_progress("Rows", total) as progress:
                for table in self._tables.values():
                    for number, rows in enumerate(_chunks(table), start=1):
                        progress.add(self._add_rows(table, number, rows))

    def add_all_files(self, start_progress: StartProgress) -> None:
        with start_progress("Files", None) as progress:
            for source in find_sources():
                progress.add(self._add_file(source))

    def seal(self, now: datetime) -> Head:
        head = Head(
            made_at=now.isoformat(timespec="seconds"),
            release=settings.RELEASE,
            engine=connection.vendor,
            migrations=self._migrations,
            tables={table.name: table.column_names for table in self._tables.values()},
            rows=self._rows,
            files=self._files,
            size=self._size,
        )
        self._container.seal(as_line(head), self._lines)
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
        self._lines.write(as_line(part))
        self._rows[table.name] += part.rows
        return part.rows

    def _add_file(self, source: Source) -> int:
        """Add the file, unless it was deleted meanwhile."""
        try:
            stream = source.open()
        except FileNotFoundError:
            return 0
        with stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            name = File(source.path, size, "").name
            content = _content(stream, size, source.path)
            digest = self._container.add(name, size, content)
        self._lines.write(as_line(File(source.path, size, digest)))
        self._files, self._size = self._files + 1, self._size + size
        return 1


def _chunks(table: Table) -> Iterator[bytes]:
    """Yield all rows of the table in chunks of whole lines and about ROWS bytes."""
    chunk = bytearray()
    for lines in engine().read_rows(table):
        chunk += lines
        if len(chunk) >= ROWS and chunk.endswith(b"\n"):
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def _content(stream: IO[bytes], size: int, path: str) -> Iterator[bytes]:
    """Yield `size` bytes; data that is appended meanwhile is left out."""
    while size:
        piece = stream.read(min(size, PIECE))
        if not piece:
            raise Conflict(f"{path} became shorter while it was read; try again.")
        size -= len(piece)
        yield piece


def _require_free(path: Path) -> None:
    if path.exists():
        raise Conflict(f"{path} exists already; it is not overwritten.")
    # Files there are served to browsers.
    if path.resolve().is_relative_to(media().resolve()):
        raise Conflict(f"{path} is in the media folder; choose another folder.")


def _publish(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        raise Conflict(f"{path} exists already; it is not overwritten.") from None
    except OSError:  # some file systems do not support hard links
        draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
