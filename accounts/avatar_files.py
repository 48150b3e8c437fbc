"""The files of pictures, which the web server sends: a cache of what rows contain.

The names contain a digest of the image, so a file never changes. A missing one is made
again at its next request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import time
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from accounts.images import SIZES

ABANDONED = 3600  # seconds after which an unfinished file is deleted
SUFFIX = ".webp"


def folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "public" / "avatars"


def file_of(name: str, size: int) -> Path:
    return folder() / f"{name}-{size}{SUFFIX}"


def read(name: str, size: int) -> bytes | None:
    """Return the content of a file; None if it does not exist."""
    with suppress(OSError):
        return file_of(name, size).read_bytes()
    return None


def keep(name: str, size: int, image: bytes) -> None:
    """Write a file, at once for its readers; on a full or read-only disk, do nothing.

    The temporary file is created with the process's umask, so that the web server may
    read it.
    """
    draft = folder() / f"{uuid4().hex}.part"
    with suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(image)
            draft.replace(file_of(name, size))
        finally:
            draft.unlink(missing_ok=True)


def forget(name: str) -> None:
    """Delete the files of a picture."""
    for size in SIZES:
        with suppress(OSError):
            file_of(name, size).unlink(missing_ok=True)


def forget_after_commit(name: str) -> None:
    """Delete the files of a picture once the transaction is committed."""
    if name:
        transaction.on_commit(partial(forget, name), robust=True)


def kept_names() -> Iterator[str]:
    """Yield the name of each picture that has files."""
    with suppress(OSError):
        files = folder().glob(f"*{SUFFIX}")
        yield from sorted({path.stem.rpartition("-")[0] for path in files})


def delete_abandoned() -> int:
    """Delete files whose writers were killed; return how many there were."""
    count = 0
    with suppress(OSError):
        for path in folder().glob("*.part"):
            if path.stat().st_mtime < time() - ABANDONED:
                path.unlink(missing_ok=True)
                count += 1
    return count
