"""What was measured: of each line several rounds, their median and their spread."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.load import Outcome
from benchmarks.processes import Sample, increase

# The columns of a measurement, all of which are numbers.
Numbers = dict[str, float]
APPLICATION, NGINX, REDIS, POSTGRESQL = "application", "nginx", "redis", "postgresql"
GROUPS = (APPLICATION, NGINX, REDIS, POSTGRESQL)


def numbers_of(
    outcome: Outcome, before: Sample, after: Sample, connections: int
) -> Numbers:
    """Return a measurement: times in milliseconds, per request where it says so."""
    # Errors have cost CPU as well; without any response nothing is per request.
    count = max(outcome.requests, 1)
    busy = after.machine_cpu - before.machine_cpu
    switches = increase(before.switches, after.switches)
    written = increase(before.written, after.written)
    return {
        "requests_per_second": (outcome.requests - outcome.refused) / outcome.seconds,
        "p50": outcome.p50,
        "p99": outcome.p99,
        "errors": outcome.errors,
        "bytes_per_request": outcome.bytes / count,
        **{
            f"{name}_ms": (after.cpu[name] - seconds) * 1000 / count
            for name, seconds in before.cpu.items()
        },
        "busy_cores": busy / (after.at - before.at),
        "switches_per_request": switches / count,
        "written_per_request": written / count,
        "network_per_request": (after.network - before.network) / count,
        "connections_open": connections,
    }


@dataclass
class Line:
    """A rung at a number of connections; `missing` says why it has no rounds."""

    rung: str
    title: str
    section: str
    connections: int
    rounds: list[Numbers] = field(default_factory=list)
    missing: str = ""

    def median(self, column: str) -> float:
        return median(numbers[column] for numbers in self.rounds)

    def spread(self, column: str) -> tuple[float, float]:
        """Return the lowest and the highest value."""
        values = [numbers[column] for numbers in self.rounds]
        return min(values), max(values)

    @property
    def errors(self) -> int:
        """Return the errors of all rounds."""
        return int(sum(numbers["errors"] for numbers in self.rounds))

    def as_json(self) -> dict[str, Any]:
        columns = self.rounds[0] if self.rounds else {}
        return asdict(self) | {
            "median": {name: self.median(name) for name in columns},
            "spread": {name: self.spread(name) for name in columns},
        }


@dataclass
class Results:
    """The lines of a run, and the memory of each worker in MiB (PSS)."""

    lines: list[Line]
    memory: list[float] = field(default_factory=list)

    def line(self, rung: str, connections: int) -> Line | None:
        """Return a line that was measured; None if it was not."""
        for line in self.lines:
            if (line.rung, line.connections) == (rung, connections) and line.rounds:
                return line
        return None
