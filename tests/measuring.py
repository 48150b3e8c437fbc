"""Coverage of what is worth its price.

Before Python 3.12 the tracer makes everything take about twice as long, so it rests
where it would see the same lines again: in all but the first case of a parametrised
test, and on SQLite in tests that run on PostgreSQL as well.
"""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest
from django.conf import settings

from tests.engines import LIVE, ON_SQLITE_ALONE, paths

RESTS = pytest.StashKey[bool]()


def choose(items: list[pytest.Item]) -> None:
    """Note in which tests the tracer rests.

    The first test of a file is always measured, and with it what its fixtures do once.
    """
    known: set[str] = set()
    sqlite = set(paths(ON_SQLITE_ALONE))
    for item in items:
        function = item.nodeid.partition("[")[0]
        runs_elsewhere = settings.ON_SQLITE and not (
            item.path in sqlite or item.path.is_relative_to(LIVE)
        )
        item.stash[RESTS] = runs_elsewhere or function in known
        known.add(function)


def run(item: pytest.Item) -> Generator[None, object, object]:
    """Run the test, without the tracer where it rests."""
    tracer = sys.gettrace()
    is_coverage = type(tracer).__module__.startswith("coverage")  # and no debugger
    if not (is_coverage and item.stash[RESTS]):
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
