"""A folder in which all processes of a machine share their metrics.

Each process writes its own files; a scrape reads all of them. A process takes the
lowest slot number that no running process holds and continues with the counters
stored there. So nothing is lost or counted twice when workers are recycled, and there
are never more files than concurrent processes. A slot is held by a file lock, which
the kernel releases however the process ends.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from prometheus_client import Metric, values
from prometheus_client.multiprocess import MultiProcessCollector

from todo_project.observability.metrics.counting import REGISTRY

logger = logging.getLogger(__name__)

# Space for every route is allocated up front: on a full disk, writing to a mapped page
# without allocated space kills the process (SIGBUS).
SIZES = {"counter": 256 * 1024, "histogram": 1024 * 1024, "gauge_livesum": 64 * 1024}
_NUMBER = struct.Struct("i")

_folder: Path | None = None


def share(folder: Path) -> None:
    """Store this process's metrics in the folder; call it before anything is counted.

    Only servers and workers call it. Commands do not, because they may run as another
    user, whose files the servers could not write. If the folder is not writable, the
    process keeps its metrics to itself: missing metrics must not prevent start-up.
    """
    global _folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue(Slot(folder))
    except OSError as error:
        logger.error("metrics are not shared", extra={"reason": str(error)})
    else:
        _folder = folder


def collect() -> Iterable[Metric]:
    """Return the metrics of all processes, including those that have ended."""
    if _folder is None:
        return REGISTRY.collect()
    remove_stale_gauges(_folder)
    found = chain.from_iterable(_folder.glob(f"{kind}_*.db") for kind in SIZES)
    files = [str(path) for path in found if is_readable(path)]
    merged: Iterable[Metric] = MultiProcessCollector.merge(files)
    return merged


class Slot:
    """The slot number of this process in the folder; a forked process gets its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = self.number = self.lock = -1

    def __call__(self) -> int:
        if self.pid != os.getpid():
            self._take()
        return self.number

    def _take(self) -> None:
        if self.lock >= 0:
            os.close(self.lock)  # inherited; the parent keeps its lock
        for number in count():
            lock = os.open(
                lock_path(self.folder, number), os.O_RDWR | os.O_CREAT, 0o600
            )
            if is_free(lock):
                break
            os.close(lock)
        prepare(self.folder, number)
        self.pid, self.number, self.lock = os.getpid(), number, lock


def prepare(folder: Path, number: int) -> None:
    """Allocate the slot's files; remove stale gauges and unreadable files first."""
    for kind, size in SIZES.items():
        path = folder / f"{kind}_{number}.db"
        if path.exists() and (kind.startswith("gauge") or not is_readable(path)):
            path.unlink()
        with path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def remove_stale_gauges(folder: Path) -> None:
    """Remove the gauges of processes that have ended; their counters stay."""
    for path in folder.glob("*.lock"):
        with suppress(OSError), try_lock(path) as has_ended:
            if has_ended:
                gauge = folder / f"gauge_livesum_{path.stem}.db"
                gauge.unlink(missing_ok=True)


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock during the block if it is free; yield whether it was."""
    with path.open("rb") as file:
        yield is_free(file.fileno())


def is_free(lock: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def lock_path(folder: Path, number: int) -> Path:
    return folder / f"{number}.lock"


def is_readable(path: Path) -> bool:
    """Return whether the file is intact: a power cut may leave zeros or half a file.

    It contains the length in use, padded to 8 bytes, then the entries: the length of
    the key, the key as JSON, padded to 8 bytes as well, and two floats.
    """
    try:
        content = path.read_bytes()
        (used,) = _NUMBER.unpack_from(content)
        place = 8
        while place < used:
            (length,) = _NUMBER.unpack_from(content, place)
            key = content[place + 4 : place + 4 + length]
            if length <= 0 or not is_key(json.loads(key)):
                return False
            place += 4 + length + 8 - (length + 4) % 8 + 16
    except (OSError, ValueError, struct.error):
        return False
    return bool(used == 0 or place == used <= len(content))


def is_key(key: object) -> bool:
    match key:
        case [str(), str(), dict(), str()]:
            return True
        case _:
            return False
