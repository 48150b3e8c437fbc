"""Uploaded files: find them for an archive, and restore them from one."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from heapq import merge
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts import avatar_files
from core.errors import Conflict
from files.models import FOLDERS
from files.stores import store
from files.stores.local import LocalStore
from todo_project.archive.manifest import STAGING, File
from todo_project.archive.reader import Archive

STORED = b"files"  # the folder of encrypted files; a remote store has them instead


@dataclass(frozen=True)
class Source:
    """A file to archive, with its path in the archive."""

    path: str
    open: Callable[[], Any]

    @property
    def steps(self) -> list[bytes]:
        return os.fsencode(self.path).split(b"/")


def media() -> Path:
    return Path(settings.MEDIA_ROOT)


def find_sources() -> Iterator[Source]:
    """Yield all files of the installation, sorted as in an archive."""
    local = (
        Source(str(path.relative_to(media())), partial(io.FileIO, path))
        for path in find_files(media())
    )
    return merge(local, _in_remote_store(), key=lambda source: source.steps)


def _in_remote_store() -> Iterator[Source]:
    if isinstance(store(), LocalStore):
        return  # they are below MEDIA_ROOT
    for folder in FOLDERS:
        for name in store().names(folder):
            yield Source(f"{STORED.decode()}/{name}", partial(store().open, name))


def find_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted as in an archive.

    Leave out those of pictures, which are a cache of rows.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
    except FileNotFoundError:  # nothing uploaded yet, or purged meanwhile
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if Path(entry.path) not in {media() / STAGING, avatar_files.folder()}:
                yield from find_files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            raise Conflict(f"{entry.path} is neither a file nor a folder.")


@contextmanager
def staging_folder() -> Iterator[Path]:
    """Yield a folder to unpack into; remove it at the end, also after errors.

    It is inside MEDIA_ROOT, which may be a separate file system.
    """
    folder = media() / STAGING
    _require_empty_media()
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move_in(folder: Path) -> None:
    """Move the unpacked files to MEDIA_ROOT and flush them to disk.

    This is the last step before the commit. If the commit fails, the files stay, and
    the next restore refuses to run until an operator has checked them.
    """
    for path in folder.rglob("*"):
        if path.is_relative_to(folder / STORED.decode()):
            path.chmod(0o700 if path.is_dir() else 0o600)
        else:  # nginx has to read them, whatever the operator's umask is.
            path.chmod(0o755 if path.is_dir() else settings.FILE_UPLOAD_PERMISSIONS)
    for path in folder.iterdir():
        path.rename(media() / path.name)
    os.sync()


def unpack(archive: Archive, file: File, folder: Path) -> None:
    """Write the file whose content the archive's stream is at.

    What is in a remote store already, though nothing refers to it, is replaced.
    """
    if file.steps[0] == STORED and not isinstance(store(), LocalStore):
        _unpack_to_store(archive, file)
        return
    path = folder / os.fsdecode(b"/".join(file.steps))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        for piece in archive.pieces_of(file):
            stream.write(piece)


def _unpack_to_store(archive: Archive, file: File) -> None:
    stream = store().create(os.fsdecode(b"/".join(file.steps[1:])))
    try:
        for piece in archive.pieces_of(file):
            stream.write(piece)
    except BaseException:
        stream.abort()
        raise
    stream.close()


def _require_empty_media() -> None:
    media().mkdir(parents=True, exist_ok=True)
    # Leftovers of an interrupted restore were never in use.
    shutil.rmtree(media() / STAGING, ignore_errors=True)
    _remove_pictures()
    if any(media().iterdir()):
        raise Conflict(f"{media()} is not empty; files are never overwritten.")


def _remove_pictures() -> None:
    """Remove the cached files of pictures, and folders that are then empty."""
    shutil.rmtree(avatar_files.folder(), ignore_errors=True)
    with suppress(OSError):
        avatar_files.folder().parent.rmdir()
