"""A store in a folder of a local or network file system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible


@deconstructible
class LocalStore(FileSystemStorage):
    """Files below a folder; each is flushed to the disk when it is complete."""

    def create(self, name: str) -> DurableFile:
        path = Path(self.path(name))
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return DurableFile(path)

    def names(self, folder: str) -> Iterator[str]:
        try:
            found = sorted(os.listdir(self.path(folder)))
        except FileNotFoundError:  # nothing was stored there yet
            return
        yield from (f"{folder}/{name}" for name in found)


class DurableFile:
    """A new file that is on the disk, with its name, once it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Unbuffered, because pieces are large. "x" refuses to overwrite.
        self._stream = open(path, "xb", buffering=0, opener=_private)  # noqa: SIM115  (close ends it)

    def write(self, piece: bytes) -> int:
        rest = memoryview(piece)
        while rest:  # a full disk may take a part
            rest = rest[self._stream.write(rest) or 0 :]
        return len(piece)

    def close(self) -> None:
        os.fsync(self._stream.fileno())
        self._stream.close()
        _flush_folder(self._path.parent)

    def abort(self) -> None:
        """Leave nothing in the store."""
        self._stream.close()
        self._path.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
