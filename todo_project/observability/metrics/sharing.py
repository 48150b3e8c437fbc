"""One folder in which all processes of a machine count together.

Each process has files of its own, which whoever is asked reads all. A process takes
the lowest number that no living process has, and goes on counting where the one
before it stopped: nothing is lost or counted twice when workers are recycled, and
there are never more files than processes at once. The number is held by a lock on a
file, which the kernel releases however a process ends.
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

# Room for every route is taken at once: on a disk that is full, writing to a mapped
# page without any ends the process.
SIZES = {"counter": 256 * 1024, "histogram": 1024 * 1024, "gauge_livesum": 64 * 1024}
_NUMBER = struct.Struct("i")

_folder: Path | None = None


def share(folder: Path) -> None:
    """Keep what this process counts in the folder; call it before anything counts.

    Servers and workers do; commands do not: they may run as somebody whose files
    the servers could not write. Without room or right to write, this process counts
    for itself: metrics are not worth a service that does not start.
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
    """Return what all processes counted, those that have ended included."""
    if _folder is None:
        return REGISTRY.collect()
    forget_the_dead(_folder)
    found = chain.from_iterable(_folder.glob(f"{kind}_*.db") for kind in SIZES)
    files = [str(path) for path in found if is_sound(path)]
    merged: Iterable[Metric] = MultiProcessCollector.merge(files)
    return merged


class Slot:
    """The number of this process in the folder; a forked process gets its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = self.number = self.lock = -1

    def __call__(self) -> int:
        if self.pid != os.getpid():
            self._take()
        return self.number

    def _take(self) -> None:
        if self.lock >= 0:
            os.close(self.lock)  # the parent's, which still holds its own
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
    """Take the room that the files need, and give up those that cannot be read."""
    for kind, size in SIZES.items():
        path = folder / f"{kind}_{number}.db"
        if path.exists() and (kind.startswith("gauge") or not is_sound(path)):
            path.unlink()
        with path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, size)


def forget_the_dead(folder: Path) -> None:
    """Remove what ended processes said of their present; what they counted stays."""
    for path in folder.glob("*.lock"):
        with suppress(OSError), held(path) as is_dead:
            if is_dead:
                gauge = folder / f"gauge_livesum_{path.stem}.db"
                gauge.unlink(missing_ok=True)


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold the lock if nobody does; yield whether it is ours."""
    with path.open("rb") as file:
        yield is_free(file.fileno())


def is_free(lock: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def lock_path(folder: Path, number: int) -> Path:
    return folder / f"{number}.lock"


def is_sound(path: Path) -> bool:
    """Tell whether the file can be read: a power cut may leave zeros or half of it.

    It holds the length in use, padded to 8 bytes, then entries: the key's length, the
    key in JSON, padded to 8 bytes as well, and two floats.
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
