"""The result that the load generator prints."""

from __future__ import annotations

import pytest

from benchmarks.load import Outcome, read_outcome

PRINTED = """\
Running 2s test @ http://127.0.0.1:1
  1 threads and 4 connections
Requests/sec:     10.00
{"requests": 20, "seconds": 2.000000, "bytes": 2000, "p50": 1.500, "p99": 2.500, \
"refused": 3, "broken": 1}
"""


def test_the_result_is_read_from_what_wrk_prints():
    assert read_outcome(PRINTED) == Outcome(
        requests=20, seconds=2.0, bytes=2000, p50=1.5, p99=2.5, refused=3, broken=1
    )


def test_refused_requests_and_broken_connections_are_errors():
    assert read_outcome(PRINTED).errors == 4


def test_a_load_generator_that_fails_is_quoted():
    with pytest.raises(ValueError, match="unable to connect"):
        read_outcome("unable to connect to 127.0.0.1:1 Connection refused\n")
