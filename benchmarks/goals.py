"""What the service is to achieve, computed from one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.results import APPLICATION, Line, Results

Value = Callable[[Results], float | None]
RATE, CPU = "requests_per_second", f"{APPLICATION}_ms"
PEER, OWN, WITHOUT_REDIS = "flask-cached", "nginx-uwsgi", "without-redis"
PAGES = {
    "home": "home",
    "list": "todos",
    "search-page": "todos, searched",
    "form": "form of a todo",
    "add-form": "form of a new todo",
    "events": "events",
}


@dataclass(frozen=True)
class Goal:
    """`value` returns None if a line is missing that it needs."""

    text: str
    value: Value
    limit: float
    is_minimum: bool = False
    unit: str = "ms"
    lines: tuple[tuple[str, int], ...] = ()  # that must be free of errors

    def judge(self, results: Results) -> Verdict:
        value = self.value(results)
        if value is None:
            return Verdict(self, None, None)
        within = value >= self.limit if self.is_minimum else value <= self.limit
        lines = [results.line(*place) for place in self.lines]
        return Verdict(self, value, within and not any(_errors(one) for one in lines))


def _errors(line: Line | None) -> int:
    return line.errors if line else 0


@dataclass(frozen=True)
class Verdict:
    """Whether a goal holds; None if it was not measured."""

    goal: Goal
    value: float | None
    holds: bool | None

    def as_json(self) -> dict[str, Any]:
        goal = self.goal
        return {
            "goal": goal.text,
            "limit": goal.limit,
            "comparison": "at least" if goal.is_minimum else "at most",
            "unit": goal.unit,
            "value": self.value,
            "holds": self.holds,
        }


def _column(rung: str, column: str, connections: int = 100) -> Value:
    def value(results: Results) -> float | None:
        line = results.line(rung, connections)
        has_success = line is not None and line.median(RATE)
        return line.median(column) if line and has_success else None

    return value


def _ratio(rung: str, peer: str, connections: int = 100) -> Value:
    def value(results: Results) -> float | None:
        own = _column(rung, RATE, connections)(results)
        other = _column(peer, RATE, connections)(results)
        return own / other if own is not None and other else None

    return value


def faster(text: str, rung: str, peer: str, limit: float, count: int = 100) -> Goal:
    """Return the goal of so many times the peer's requests per second."""
    value = _ratio(rung, peer, count)
    return Goal(text, value, limit, is_minimum=True, unit="×", lines=((rung, count),))


def cheap(text: str, rung: str, limit: float, count: int = 100) -> Goal:
    """Return the goal of at most so much application CPU for a request."""
    return Goal(text, _column(rung, CPU, count), limit, lines=((rung, count),))


def _memory(results: Results) -> float | None:
    return max(results.memory, default=None)


GOALS = [
    *(
        faster(f"first page ÷ Flask's cached page, c={n}", OWN, PEER, 2.5, n)
        for n in (100, 1000)
    ),
    *(
        faster(
            f"first page without Redis ÷ Flask's cached page, c={n}",
            WITHOUT_REDIS, PEER, 1.2, n,
        )
        for n in (100, 1000)
    ),
    cheap("uncached list, application CPU", "uncached-list", 2.5),
    faster("uncached list ÷ plain DRF", "uncached-list", "drf-first-page", 1.3),
    cheap("one todo, application CPU", "todo", 1.5),
    cheap("`me`, application CPU", "me", 1.5),
    cheap("304, application CPU", "not-modified", 1.5),
    faster("304 ÷ first page", "not-modified", OWN, 1.0),
    cheap("POST of one todo, application CPU", "add", 4),
    faster("POST of one todo ÷ plain DRF", "add", "drf-add", 2),
    Goal(
        "POST of 1,000 todos, p50 at c=1", _column("bulk", "p50", 1), 100,
        lines=(("bulk", 1),),
    ),
    faster(
        "download of 100 MB ÷ nginx alone", "download-http", "download-http-alone",
        0.5, 1,
    ),
    faster(
        "download of 100 MB over TLS ÷ nginx alone", "download", "download-alone",
        0.5, 1,
    ),
    *(cheap(f"page {title}, application CPU", rung, 12)
      for rung, title in PAGES.items()),
    *(cheap(f"page {title}, cold, application CPU", f"{rung}-cold", 30, 1)
      for rung, title in PAGES.items()),
    Goal("memory of the largest worker (PSS)", _memory, 60, unit="MiB"),
]  # fmt: skip


def verdicts(results: Results) -> list[Verdict]:
    return [goal.judge(results) for goal in GOALS]
