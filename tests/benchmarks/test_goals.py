"""Goals are judged by the lines of one run."""

from __future__ import annotations

from benchmarks.goals import GOALS, Verdict, verdicts
from benchmarks.results import Results
from benchmarks.rungs import RUNGS
from tests.benchmarks.results import line, numbers, results

FASTER = "first page ÷ Flask's cached page, c=100"
CHEAP = "one todo, application CPU"
MEMORY = "memory of the largest worker (PSS)"


def verdict(text: str, found: Results) -> Verdict:
    return next(each for each in verdicts(found) if each.goal.text == text)


def test_a_goal_needs_both_lines():
    missing = verdict(FASTER, results(line("nginx-uwsgi", numbers())))
    assert (missing.value, missing.holds) == (None, None)


def test_a_ratio_holds_from_its_limit_on():
    peer = line("flask-cached", numbers(200))
    enough = verdict(FASTER, results(peer, line("nginx-uwsgi", numbers(500))))
    assert (enough.value, enough.holds) == (2.5, True)
    less = verdict(FASTER, results(peer, line("nginx-uwsgi", numbers(498))))
    assert (less.value, less.holds) == (2.49, False)


def test_errors_break_a_goal():
    peer = line("flask-cached", numbers(200))
    own = line("nginx-uwsgi", numbers(2000), numbers(2000), numbers(2000, broken=1))
    found = verdict(FASTER, results(peer, own))
    assert (found.value, found.holds) == (10, False)


def test_cpu_holds_up_to_its_limit():
    cheap = verdict(CHEAP, results(line("todo", numbers(200, cpu=0.3))))
    assert (cheap.value, cheap.holds) == (1.5, True)
    costly = verdict(CHEAP, results(line("todo", numbers(200, cpu=0.4))))
    assert (costly.value, costly.holds) == (2, False)


def test_the_largest_worker_counts():
    assert verdict(MEMORY, results(memory=(40, 59))).holds is True
    assert verdict(MEMORY, results(memory=(40, 61))).holds is False
    assert verdict(MEMORY, results()).holds is None


def test_every_goal_is_about_rungs_that_exist():
    known = {(rung.name, count) for rung in RUNGS for count in rung.connections}
    assert {place for goal in GOALS for place in goal.lines} <= known
    every = [
        line(name, numbers(200), connections=count) for name, count in sorted(known)
    ]
    found = verdicts(results(*every, memory=(50,)))
    assert [each.goal.text for each in found if each.value is None] == []


def test_a_verdict_is_stored_with_its_limit():
    found = verdict(CHEAP, results(line("todo", numbers(200, cpu=0.3))))
    assert found.as_json() == {
        "goal": CHEAP,
        "limit": 1.5,
        "comparison": "at most",
        "unit": "ms",
        "value": 1.5,
        "holds": True,
    }
