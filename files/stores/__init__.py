"""Where encrypted files are kept: on a local disk, or in an S3-compatible store.

A store is a Django storage (STORAGES["files"]) that can also open a new file for
writing, and name all of its files. It sees only ciphertext.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Protocol, cast

from django.core.files.storage import storages


class NewFile(Protocol):
    """A file that is being written."""

    def write(self, piece: bytes, /) -> int: ...

    def close(self) -> None:
        """Complete the file; from now on it is durable and can be read."""

    def abort(self) -> None:
        """Leave nothing in the store."""


class Store(Protocol):
    """What the service needs of a store; all methods raise OSError if it fails."""

    def create(self, name: str) -> NewFile:
        """Return a new file."""

    def open(self, name: str, mode: str = "rb") -> IO[bytes]:
        """Return a file for reading at any position; raise FileNotFoundError."""

    def size(self, name: str) -> int:
        """Return the size of a file in bytes; raise FileNotFoundError."""

    def delete(self, name: str) -> None:
        """Delete a file; one that does not exist is not an error."""

    def names(self, folder: str) -> Iterator[str]:
        """Yield the names of all files in a folder, sorted."""


def store() -> Store:
    """Return the store of this installation."""
    return cast(Store, storages["files"])
