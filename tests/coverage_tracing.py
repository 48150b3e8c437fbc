"""Turn off the coverage tracer where it would see the same lines again.

Before Python 3.12 the tracer about doubles the run time. So it is off in all but the
first case of a parametrised test, and on SQLite in tests that also run on PostgreSQL.
"""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest
from django.conf import settings

from tests.engines import LIVE, ON_SQLITE_ALONE, paths

IS_UNTRACED = pytest.StashKey[bool]()


def choose(items: list[pytest.Item]) -> None:
    """Mark the tests that run without the tracer.

    The first case of a test function is traced, including fixtures that run once.
    """
    known: set[str] = set()
    sqlite = set(paths(ON_SQLITE_ALONE))
    for item in items:
        function = item.nodeid.partition("[")[0]
        runs_elsewhere = settings.ON_SQLITE and not (
            item.path in sqlite or item.path.is_relative_to(LIVE)
        )
        item.stash[IS_UNTRACED] = runs_elsewhere or function in known
        known.add(function)


def run(item: pytest.Item) -> Generator[None, object, object]:
    """Run the test, without the tracer if it is marked so."""
    tracer = sys.gettrace()
    is_coverage = type(tracer).__module__.startswith("coverage")  # not a debugger
    if not (is_coverage and item.stash[IS_UNTRACED]):
        return (yield)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)
