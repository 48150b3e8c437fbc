"""Helpers for tests of archives: the rows of a database, and manipulated archives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from django.core.management import call_command
from django.db import connection

from core.append_only import events_open
from core.models import Installation
from todo_project.archive.container import Container
from todo_project.archive.manifest import File, Head, Part, as_line
from todo_project.archive.reader import Archive

ODD = "tab\t line\n return\r \\N \\ \b\f\v 'quote' \"two\" 好好学习 🪴 %s {0} \\. ,;"
FILES = {
    "avatars/a": b"",
    "avatars/b.png": bytes(range(256)) * 9000,
    "z é 好.txt": b"\0\xff",
    "no text \udcff\udc80\n": b"bytes that are no text",
    "a" * 200 + "/" + "b" * 200: b"deep",
}


def everything() -> dict[str, list[Any]]:
    """Return every row of every table as the database returns it.

    SQLite's internal tables are left out; ANALYZE creates them.
    """
    return {
        name: rows_of(name)
        for name in connection.introspection.table_names()
        if not name.startswith("sqlite_")
    }


def rows_of(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
        return cursor.fetchall()


def epoch() -> Any:
    return Installation.objects.get().epoch


def reset_database() -> None:
    """Empty the database as if it had just been created and migrated."""
    with events_open():
        call_command("flush", interactive=False, verbosity=0)


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def without_epoch(rows):
    return {name: kept for name, kept in rows.items() if not name.endswith("llation")}


def empty(media: Path) -> None:
    reset_database()
    media.rename(media.with_name("media before"))


@dataclass
class Draft:
    """An archive that can be changed and written again with a valid seal."""

    head: Head
    members: list[tuple[Part | File, bytes]]

    @classmethod
    def of(cls, path: Path) -> Draft:
        with path.open("rb") as stream:
            archive = Archive(stream)
            members = [
                (member, b"".join(archive.pieces_of(member)))
                for member in archive.members()
            ]
            return cls(archive.head, members)

    def add_file(self, path: str, content: bytes = b"x") -> None:
        digest = hashlib.sha256(content).hexdigest()
        self.members.append((File(path, len(content), digest), content))
        self.head = replace(
            self.head,
            files=self.head.files + 1,
            size=self.head.size + len(content),
        )

    def change_part(self, table: str, content: bytes | None = None, **claims: Any):
        """Change the content or the manifest entry of the first part of a table."""
        for index, (member, packed) in enumerate(self.members):
            if isinstance(member, Part) and member.table == table:
                content = packed if content is None else content
                digest = hashlib.sha256(content).hexdigest()
                new = replace(member, size=len(content), sha256=digest)
                self.members[index] = (replace(new, **claims), content)
                return
        raise LookupError(table)

    def write(
        self,
        path: Path,
        *,
        manifest: Callable[[list[bytes]], list[bytes]] = lambda lines: lines,
        extra: list[tuple[str, bytes]] | None = None,
    ) -> Path:
        lines = manifest(
            [as_line(self.head), *(as_line(member) for member, _ in self.members)]
        )
        with path.open("wb") as stream, TemporaryFile() as described:
            container = Container(stream)
            for member, content in self.members:
                container.add(member.name, len(content), [content])
            for name, content in extra or []:
                container.add(name, len(content), [content])
            described.write(b"".join(lines[1:]))
            container.seal(lines[0] if lines else b"", described)
        return path
