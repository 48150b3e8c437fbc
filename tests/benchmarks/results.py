"""Results as a run returns them."""

from __future__ import annotations

from benchmarks.load import Outcome
from benchmarks.processes import Sample
from benchmarks.results import GROUPS, Line, Numbers, Results, numbers_of


def outcome(requests: int = 200, *, refused: int = 0, broken: int = 0) -> Outcome:
    return Outcome(
        requests=requests,
        seconds=2.0,
        bytes=1000 * requests,
        p50=5.0,
        p99=9.0,
        refused=refused,
        broken=broken,
    )


def sample(at: float, *, application: float = 0.0, **counters: int) -> Sample:
    return Sample(
        at=at,
        cpu=dict.fromkeys(GROUPS, 0.0) | {"application": application},
        machine_cpu=2 * at,
        switches={7: counters.get("switches", 0)},
        written={7: counters.get("written", 0)},
        network=counters.get("network", 0),
    )


def numbers(requests: int = 200, *, cpu: float = 1.0, **errors: int) -> Numbers:
    """Return a measurement of two seconds with so much application CPU in seconds."""
    before, after = sample(0), sample(2, application=cpu)
    return numbers_of(outcome(requests, **errors), before, after, connections=3)


def line(rung: str, *rounds: Numbers, connections: int = 100) -> Line:
    title = rung.replace("-", " ")
    return Line(rung, title, "Section", connections, rounds=list(rounds))


def results(*lines: Line, memory: tuple[float, ...] = ()) -> Results:
    return Results(list(lines), memory=list(memory))
