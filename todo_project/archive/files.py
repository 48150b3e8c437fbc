"""The files that people gave: found for an archive, and put back from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from core.errors import Conflict
from todo_project.archive.manifest import UNPACKING, File
from todo_project.archive.reader import Archive


def media() -> Path:
    return Path(settings.MEDIA_ROOT)


def find_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder in the order that an archive has them."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: os.fsencode(entry.name))
    except FileNotFoundError:  # nobody gave a file yet, or it was purged meanwhile
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if Path(entry.path) != media() / UNPACKING:
                yield from find_files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        else:
            raise Conflict(f"{entry.path} is neither a file nor a folder.")


@contextmanager
def unpacked_files() -> Iterator[Path]:
    """Give a folder to unpack into; it goes when the rest fails, or succeeded.

    It stands inside MEDIA_ROOT, which may be a file system of its own.
    """
    folder = media() / UNPACKING
    _require_empty_media()
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def move_in(folder: Path) -> None:
    """Move what was unpacked to its place, and see that it is on the disk.

    It is the last act before the transaction ends. Should that end fail, the files
    stay and are refused by the next restore: nobody knows better than to look.
    """
    for path in folder.rglob("*"):
        # nginx reads them, whatever the operator's umask hides from others.
        path.chmod(0o755 if path.is_dir() else settings.FILE_UPLOAD_PERMISSIONS)
    for path in folder.iterdir():
        path.rename(media() / path.name)
    os.sync()


def unpack(archive: Archive, file: File, folder: Path) -> None:
    """Write the file that the archive stands at."""
    path = folder / os.fsdecode(b"/".join(file.steps))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        for piece in archive.pieces_of(file):
            stream.write(piece)


def _require_empty_media() -> None:
    media().mkdir(parents=True, exist_ok=True)
    # What an interrupted restore left was never anyone's.
    shutil.rmtree(media() / UNPACKING, ignore_errors=True)
    if any(media().iterdir()):
        raise Conflict(f"{media()} holds files already; they are not overwritten.")
