"""The report of a run: tables in Markdown, and everything as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from benchmarks.goals import Verdict
from benchmarks.results import GROUPS, Line, Results

NOTE = """
Medians of {rounds} rounds of {seconds} s; in parentheses the lowest and the highest.
The times of app, nginx, Redis and PostgreSQL are milliseconds of CPU for each request.
The load generator runs on the same machine and takes its share of the cores. It sends
the next request of a connection once the last one has been answered. So while a service
stalls it gets fewer requests, and p50 and p99 lack the wait of those that were not sent
(coordinated omission): they compare services under the same load, and are not what
users see at a constant rate of requests.
"""
HEAD = ["", "c", "requests/s", "p50 ms", "p99 ms", "errors"]
CPU_HEAD = [f"{name} ms" for name in ("app", "nginx", "Redis", "PostgreSQL")]
SAMPLE_HEAD = [
    "", "c", "busy cores", "switches", "KB written", "KB network", "KB body",
    "connections",
]  # fmt: skip
HOLDS = {True: "yes", False: "**no**", None: "not measured"}


def markdown(results: Results, goals: Sequence[Verdict], facts: dict[str, Any]) -> str:
    """Return the report for people."""
    parts = [
        "# Benchmark",
        _facts(facts),
        NOTE.strip().format(**facts["plan"]),
        *(_section(name, lines) for name, lines in _sections(results)),
        "## Goals",
        table(["goal", "value", "limit", "holds"], map(_goal, goals)),
        "## What the machine did",
        "For each request: context switches, bytes written to disks, bytes over the "
        "loopback interface. Connections are TCP sockets and those of PostgreSQL.",
        table(SAMPLE_HEAD, map(_sample, _measured(results))),
        f"Memory of the workers (PSS): {_memory(results)}.",
    ]
    return "\n\n".join(parts) + "\n"


def as_json(
    results: Results, goals: Sequence[Verdict], facts: dict[str, Any]
) -> dict[str, Any]:
    """Return the report for programs."""
    return facts | {
        "lines": [line.as_json() for line in results.lines],
        "memory_mib": results.memory,
        "goals": [goal.as_json() for goal in goals],
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _facts(facts: dict[str, Any]) -> str:
    machine, versions = facts["machine"], facts["versions"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"`{facts['command']}` at commit {facts['commit']}, {facts['at']}; "
        f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_mib']} MiB, "
        f"Linux {machine['kernel']}; {named}."
    )


def _sections(results: Results) -> Iterable[tuple[str, list[Line]]]:
    for name, lines in groupby(results.lines, key=lambda line: line.section):
        yield name, list(lines)


def _measured(results: Results) -> list[Line]:
    return [line for line in results.lines if line.rounds]


def _section(name: str, lines: Sequence[Line]) -> str:
    return f"## {name}\n\n{table(HEAD + CPU_HEAD, map(_row, lines))}"


def _row(line: Line) -> list[str]:
    if not line.rounds:
        empty = [""] * (len(HEAD) + len(CPU_HEAD) - 3)
        return [line.title, str(line.connections), line.missing, *empty]
    low, high = line.spread("requests_per_second")
    rate = number(line.median("requests_per_second"))
    return [
        line.title,
        f"{line.connections:,}",
        f"{rate} ({number(low)}–{number(high)})",
        number(line.median("p50")),
        number(line.median("p99")),
        str(line.errors),
        *(number(line.median(f"{name}_ms")) for name in GROUPS),
    ]


def _sample(line: Line) -> list[str]:
    kilobytes = ("written_per_request", "network_per_request", "bytes_per_request")
    return [
        line.title,
        f"{line.connections:,}",
        number(line.median("busy_cores")),
        number(line.median("switches_per_request")),
        *(number(line.median(name) / 1000) for name in kilobytes),
        number(line.median("connections_open")),
    ]


def _goal(verdict: Verdict) -> list[str]:
    goal = verdict.goal
    sign = "≥" if goal.is_minimum else "≤"
    value = "" if verdict.value is None else f"{number(verdict.value)} {goal.unit}"
    return [
        goal.text,
        value,
        f"{sign} {goal.limit:g} {goal.unit}",
        HOLDS[verdict.holds],
    ]


def _memory(results: Results) -> str:
    return ", ".join(f"{size:.0f} MiB" for size in results.memory) or "not measured"


def number(value: float) -> str:
    """Return the number with three significant digits, and thousands separated."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
