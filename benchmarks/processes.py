"""Read from /proc what groups of processes, and the machine, have used."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # per second
SETTLED = 0.05  # of a core
SETTLE_TIME = 40.0  # seconds after which a busy group is left alone

Groups = Mapping[str, Iterable[int]]  # the first process of each tree, by name


@dataclass(frozen=True)
class Status:
    """A line of /proc/<pid>/stat."""

    parent: int
    cpu: float  # seconds, with those of children that have ended


def read_status(line: str) -> Status:
    """Parse the line; the name, in parentheses, may contain anything."""
    words = line.rpartition(")")[2].split()
    return Status(parent=int(words[1]), cpu=sum(map(int, words[11:15])) / TICKS)


def statuses() -> dict[int, Status]:
    """Return the status of every process."""
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has just ended
                found[int(folder.name)] = read_status((folder / "stat").read_text())
    return found


def trees(groups: Groups) -> dict[str, list[int]]:
    """Return the processes of each group: the given ones and all below them."""
    return {name: _below(roots, statuses()) for name, roots in groups.items()}


def _below(roots: Iterable[int], known: Mapping[int, Status]) -> list[int]:
    children = defaultdict(list)
    for pid, status in known.items():
        children[status.parent].append(pid)
    found: list[int] = []
    waiting = [pid for pid in roots if pid in known]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children[pid])
    return found


def cpu_seconds(groups: Groups) -> dict[str, float]:
    """Return the CPU time of each group, user and system, since it was started.

    Children that have ended count for their parents, so recycled workers are included.
    """
    known = statuses()
    return {
        name: sum(known[pid].cpu for pid in _below(roots, known))
        for name, roots in groups.items()
    }


def settle(roots: Iterable[int], *, every: float = 0.3) -> None:
    """Wait until the processes are idle: they still have given-up requests queued."""
    deadline = time.monotonic() + SETTLE_TIME
    roots = list(roots)
    used = cpu_seconds({"": roots})[""]
    while time.monotonic() < deadline:
        time.sleep(every)
        before, used = used, cpu_seconds({"": roots})[""]
        if used - before <= SETTLED * every + 1 / TICKS:
            return


@dataclass(frozen=True)
class Sample:
    """Counters of the groups, of their processes and of the machine."""

    at: float  # seconds
    cpu: dict[str, float]  # seconds
    machine_cpu: float  # seconds, of all processes, the load generator included
    switches: dict[int, int]  # of context, by process
    written: dict[int, int]  # bytes to disks, by process
    network: int  # bytes over the loopback interface

    @classmethod
    def take(cls, groups: Groups) -> Sample:
        pids = [pid for tree in trees(groups).values() for pid in tree]
        return cls(
            at=time.monotonic(),
            cpu=cpu_seconds(groups),
            machine_cpu=_machine_cpu((PROC / "stat").read_text()),
            switches={pid: _switches(pid) for pid in pids},
            written={pid: _written(pid) for pid in pids},
            network=_loopback((PROC / "net" / "dev").read_text()),
        )


def increase(before: Mapping[int, int], after: Mapping[int, int]) -> int:
    """Return by how much counters of processes have increased.

    What a process has counted since is lost if it has ended.
    """
    return sum(count - before.get(pid, 0) for pid, count in after.items())


def _machine_cpu(text: str) -> float:
    """Return the time that all cores were busy."""
    user, nice, system, _idle, _waiting, irq, softirq = map(int, text.split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def _switches(pid: int) -> int:
    return sum(_numbers(f"{pid}/status", "ctxt_switches"))


def _written(pid: int) -> int:
    return sum(_numbers(f"{pid}/io", "write_bytes:")[:1])


def _numbers(name: str, word: str) -> list[int]:
    """Return the numbers of the lines with this word; none if it may not be read."""
    try:
        lines = (PROC / name).read_text().splitlines()
    except OSError:
        return []
    return [int(line.split()[1]) for line in lines if word in line]


def _loopback(text: str) -> int:
    """Return how many bytes were received: each was also sent."""
    for line in text.splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return int(numbers.split()[0])
    return 0


def connections() -> int:
    """Return how many TCP connections are open; both ends of one are counted."""
    text = (PROC / "net" / "sockstat").read_text()
    return next(
        int(line.split()[2]) for line in text.splitlines() if line.startswith("TCP:")
    )


def pss(pid: int) -> float:
    """Return the proportional set size in MiB; 0 for a process that has ended."""
    return sum(_numbers(f"{pid}/smaps_rollup", "Pss:")[:1]) / 1024
