"""A small run of the benchmarks, on the stack of the other tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.goals import verdicts
from benchmarks.measuring import Plan, run
from benchmarks.peers.entries import DRF
from benchmarks.report import markdown
from benchmarks.results import Results
from benchmarks.rungs import RUNGS
from benchmarks.world import opened
from tests.benchmarks.test_report import FACTS
from tests.live.stack import Stack

MEASURED = ("drf-first-page", "nginx-uwsgi")
CONNECTIONS = 4


# What was added in bulk has no events, which other tests of the stack would miss.
MANY = "(SELECT id FROM accounts_user WHERE username LIKE 'person-%')"
ADDED = (
    """todos_todo WHERE NOT EXISTS (
        SELECT FROM core_event WHERE resource_id = todos_todo.id::text)""",
    f"todos_membership WHERE user_id IN {MANY}",
    f"todos_todolist WHERE inbox_of_id IN {MANY}",
    f"accounts_apikey WHERE user_id IN {MANY}",
    f"accounts_user_groups WHERE user_id IN {MANY}",
    f"accounts_user WHERE id IN {MANY}",
)


@pytest.fixture(autouse=True)
def _removed_afterwards(stack: Stack) -> Iterator[None]:
    yield
    for rows in ADDED:
        stack.sql(f"DELETE FROM {rows} RETURNING id")  # noqa: S608  (from above)
    # The inboxes of the others still count what was removed.
    stack.sql("UPDATE todos_todolist SET counted_revision = NULL RETURNING id")


def measure(stack: Stack) -> Results:
    rungs = [
        replace(rung, connections=(CONNECTIONS,))
        for rung in RUNGS
        if rung.name in MEASURED
    ]
    plan = Plan(rounds=1, seconds=1, most_connections=CONNECTIONS)
    # Plain DRF needs no package that this environment lacks.
    environments = {DRF: Path(sys.prefix)}
    with opened(stack, rungs, environments=environments, people=2, todos=20) as world:
        return run(world, rungs, plan)


def test_a_peer_and_the_service_are_measured_without_errors(stack: Stack):
    results = measure(stack)
    lines = [results.line(rung, CONNECTIONS) for rung in MEASURED]
    for line in filter(None, lines):
        assert line.errors == 0
        assert line.median("requests_per_second") > 0
        assert line.median("application_ms") > 0
        assert line.median("nginx_ms") > 0
    peer, own = lines
    assert peer
    assert own
    # The front may answer all of our own requests from its cache.
    assert peer.median("postgresql_ms") > 0
    assert len(results.memory) == 4
    assert min(results.memory) > 10
    text = markdown(results, verdicts(results), FACTS)
    assert "behind nginx, uwsgi protocol (the default) | 4 |" in text
