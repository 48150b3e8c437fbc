"""Restore an archive into an empty installation."""

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
from core.secrets import find_unreadable
from todo_project.archive.container import BadArchive
from todo_project.archive.engines import engine
from todo_project.archive.files import move_in, staging_folder, unpack
from todo_project.archive.manifest import File, Part
from todo_project.archive.reader import Archive
from todo_project.archive.stored import database_tables
from todo_project.archive.tables import (
    Table,
    applied_migrations,
    archived_models,
    execute,
    later_migrations,
    quoted,
    tables,
)


def restore_archive(
    archive: Archive, progress: Progress, *, without_secrets: bool = False
) -> None:
    """Load every row and file of a verified archive and start a new epoch.

    Everything happens in one transaction. Raise Conflict if there are users, events or
    files already, if the database is in use, if the tables differ, or, unless
    `without_secrets`, if SECRET_KEY is not the one that the secrets need.
    """
    _require_same_migrations(archive)
    found = _tables_of(archive)
    try:
        with engine().exclusive(found.values()):
            _require_empty_database()
            with staging_folder() as folder:
                with events_open():
                    _load(archive, found, folder, progress)
                if missing := missing_triggers():
                    raise Conflict(f"Triggers are missing: {', '.join(missing)}.")
                if not without_secrets:
                    _require_secret_key()
                move_in(folder)
    except DatabaseError as error:
        first = str(error).strip().partition("\n")[0]
        raise BadArchive(f"The database rejects it: {first}") from error
    ContentType.objects.clear_cache()


def _require_secret_key() -> None:
    if next(filter(None, find_unreadable()), ""):
        raise Conflict(
            "Files and secrets of this archive are encrypted, and SECRET_KEY is not "
            "the one that they need. Set the SECRET_KEY of the installation that "
            "wrote the archive. Without it, --without-secrets restores everything "
            "else; the files cannot be read then."
        )


def _require_same_migrations(archive: Archive) -> None:
    """Raise Conflict for another release, which may interpret the rows differently."""
    release = archive.head.release
    ours, theirs = set(applied_migrations()), set(archive.head.migrations)
    if (later := later_migrations(theirs)) and release == settings.RELEASE:
        raise Conflict(
            f"The archive was written by release {release} after a rollback: its "
            f"tables have migration {later[0]} of a later release. Restore it with "
            "that one."
        )
    if other := sorted(ours ^ theirs):
        raise Conflict(
            f"The archive is of release {release}, but this is release "
            f"{settings.RELEASE}, and their tables differ by migration {other[0]}. "
            f"Restore it with release {release}, then upgrade."
        )


def _tables_of(archive: Archive) -> dict[str, Table]:
    """Return the tables that the archive contains; raise BadArchive if they differ.

    One from after a rollback contains what its database had, which may be more than the
    models have: a column that is retired stays in the database for a release.
    """
    for found in (tables(), database_tables(archive.head.migrations)):
        columns = {table.name: table.column_names for table in found.values()}
        if archive.head.tables == columns:
            return found
    raise BadArchive("Its tables or columns differ from those of its release.")


def _require_empty_database() -> None:
    if User.objects.exists() or Event.objects.exists():
        raise Conflict(
            "The database is not empty. Restore into a new database that only "
            "manage.py migrate has been run on."
        )


def _load(
    archive: Archive, found: dict[str, Table], folder: Path, progress: Progress
) -> None:
    with engine().without_indexes(found.values()):
        _clear(found)
        for (kind, name), members in groupby(archive.members(), key=_group):
            if kind is Part:
                rows = _rows(archive, members, progress)
                engine().load_rows(found[name], rows)
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


def _clear(found: dict[str, Table]) -> None:
    """Delete the rows that migrate created: roles, permissions, the epoch."""
    names = found.keys() - {TABLE}
    execute(*(f"DELETE FROM {quoted(name)}" for name in names))  # noqa: S608  (our own names)


def _set_sequences() -> None:
    """Advance the sequences past the restored rows."""
    execute(*connection.ops.sequence_reset_sql(no_style(), archived_models()))
