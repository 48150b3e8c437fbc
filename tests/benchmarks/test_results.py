"""Medians, spread and numbers for each request."""

from __future__ import annotations

from benchmarks.results import numbers_of
from tests.benchmarks.results import line, numbers, outcome, results, sample


def test_the_median_and_the_spread_are_those_of_the_rounds():
    measured = line("me", numbers(100), numbers(400), numbers(200))
    assert measured.median("requests_per_second") == 100
    assert measured.spread("requests_per_second") == (50, 200)


def test_cpu_and_counters_are_for_each_request():
    before = sample(0, switches=100, written=0, network=500)
    after = sample(2, application=1.0, switches=500, written=4000, network=20_500)
    found = numbers_of(outcome(200), before, after, connections=3)
    assert found["application_ms"] == 5
    assert found["nginx_ms"] == 0
    assert found["switches_per_request"] == 2
    assert found["written_per_request"] == 20
    assert found["network_per_request"] == 100
    assert found["bytes_per_request"] == 1000
    assert found["busy_cores"] == 2


def test_refused_requests_do_not_count_as_served():
    found = numbers(200, refused=50)
    assert found["requests_per_second"] == 75
    assert found["errors"] == 50


def test_a_service_that_does_not_answer_has_numbers_too():
    found = numbers(0, broken=100)
    assert found["requests_per_second"] == 0
    assert found["errors"] == 100


def test_errors_of_all_rounds_add_up():
    assert line("me", numbers(refused=1), numbers(), numbers(broken=2)).errors == 3


def test_a_line_without_rounds_is_not_found():
    found = results(line("me", numbers()), line("todo"))
    assert found.line("me", 100) is not None
    assert found.line("me", 1000) is None
    assert found.line("todo", 100) is None
