"""Bring what an archive holds into an empty installation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import DatabaseError, connection

from accounts.models import User
from core.append_only import TABLE, events_open, missing_triggers
from core.errors import Conflict
from core.ids import new_id
from core.models import Event, Installation
from core.progress import Progress
from todo_project.archive.container import BadArchive
from todo_project.archive.engines import engine
from todo_project.archive.files import move_in, unpack, unpacked_files
from todo_project.archive.manifest import File, Part
from todo_project.archive.reader import Archive
from todo_project.archive.tables import (
    applied_migrations,
    archived_models,
    execute,
    quoted,
    tables,
)


def restore_archive(archive: Archive, progress: Progress) -> None:
    """Load every row and file of a checked archive; the data begins a new life.

    All of it is one transaction. Raises Conflict where anybody or any file is here
    already, where others use the database, or where its tables are other ones.
    """
    _require_same_tables(archive)
    try:
        with engine().alone(tables().values()):
            _require_nobody()
            with unpacked_files() as folder:
                with events_open():
                    _load(archive, folder, progress)
                if missing := missing_triggers():
                    raise Conflict(f"Triggers did not come back: {', '.join(missing)}.")
                move_in(folder)
    except DatabaseError as error:
        first = str(error).strip().partition("\n")[0]
        raise BadArchive(f"The database refuses it: {first}") from error
    ContentType.objects.clear_cache()


def _require_same_tables(archive: Archive) -> None:
    """Compare migrations: rows of other tables would mean other things."""
    release = archive.head.release
    ours, theirs = set(applied_migrations()), set(archive.head.migrations)
    if other := sorted(ours ^ theirs):
        raise Conflict(
            f"The archive is of release {release}, whose tables are not those of this "
            f"database, release {settings.RELEASE}: they differ by {other[0]}. "
            f"Restore it with release {release}, then upgrade."
        )
    expected = {table.name: table.column_names for table in tables().values()}
    if archive.head.tables != expected:
        raise BadArchive("Its tables or columns are not those of its release.")


def _require_nobody() -> None:
    if User.objects.exists() or Event.objects.exists():
        raise Conflict(
            "Somebody lives here already. An archive is restored into an empty "
            "database alone, as manage.py migrate makes one."
        )


def _load(archive: Archive, folder: Path, progress: Progress) -> None:
    with engine().without_indexes(tables().values()):
        _clear()
        for (kind, name), members in groupby(archive.members(), key=_group):
            if kind is Part:
                rows = _rows(archive, members, progress)
                engine().load_rows(tables()[name], rows)
            else:
                _unpack_all(archive, members, folder, progress)
    _set_sequences()
    Installation.objects.update_or_create(id=1, defaults={"epoch": new_id()})
    connection.check_constraints()


def _group(member: Part | File) -> tuple[type, str]:
    return type(member), member.table if isinstance(member, Part) else ""


def _rows(
    archive: Archive, members: Iterator[Part | File], progress: Progress
) -> Iterator[bytes]:
    for member in members:
        if isinstance(member, Part):
            yield archive.rows_of(member)
            progress.add(member.size)


def _unpack_all(
    archive: Archive, members: Iterator[Part | File], folder: Path, progress: Progress
) -> None:
    for member in members:
        if isinstance(member, File):
            unpack(archive, member, folder)
            progress.add(member.size)


def _clear() -> None:
    """Take away what migrating made: roles, permissions, the old epoch."""
    names = tables().keys() - {TABLE}
    execute(*(f"DELETE FROM {quoted(name)}" for name in names))  # noqa: S608  (names of ours)


def _set_sequences() -> None:
    """Let the next number given be one that no row has."""
    execute(*connection.ops.sequence_reset_sql(no_style(), archived_models()))
