"""What is read from /proc."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from benchmarks.processes import (
    TICKS,
    Sample,
    Status,
    cpu_seconds,
    increase,
    pss,
    read_status,
    trees,
)
from tests.live.waiting import wait_until

WAIT = [sys.executable, "-c", "import sys; sys.stdin.read()"]
NOBODY = 2**22 + 1  # beyond the largest process id
SPEND = "sum(n * n for n in range(10 ** 6))"


@pytest.fixture
def child() -> Iterator[int]:
    """A process of this one that waits."""
    with subprocess.Popen(WAIT, stdin=subprocess.PIPE) as process:  # noqa: S603
        yield process.pid


def test_the_name_of_a_process_may_contain_spaces_and_parentheses():
    line = "42 (a) b (c)) S 7 42 42 0 -1 4194304 119 0 0 0 10 20 30 40 20 0 1 0 1 1 1"
    assert read_status(line) == Status(parent=7, cpu=100 / TICKS)


def test_a_group_contains_the_processes_below_its_first_ones(child: int):
    assert child in trees({"tests": [os.getpid()]})["tests"]
    assert trees({"child": [child]}) == {"child": [child]}


def test_a_group_whose_process_has_ended_is_empty():
    assert trees({"none": [], "gone": [NOBODY]}) == {"none": [], "gone": []}


def test_the_time_of_children_that_have_ended_counts():
    groups = {"tests": [os.getpid()]}
    before = cpu_seconds(groups)["tests"]
    subprocess.run([sys.executable, "-c", SPEND], check=True)  # noqa: S603
    assert cpu_seconds(groups)["tests"] > before


def test_counters_of_new_processes_count_and_those_of_ended_ones_do_not():
    assert increase({1: 10, 2: 50}, {1: 15, 3: 7}) == 12


def test_a_sample_of_this_machine_has_all_counters(child: int):
    sample = Sample.take({"tests": [os.getpid()]})
    assert sample.cpu["tests"] > 0
    assert sample.machine_cpu > sample.cpu["tests"]
    # A process that has just started may not have waited for anything yet.
    wait_until(
        lambda: Sample.take({"tests": [os.getpid()]}).switches[child] > 0,
        what="the child has been switched",
    )
    assert sample.written.keys() == sample.switches.keys()


def test_the_memory_of_a_process_is_in_mebibytes():
    assert 1 < pss(os.getpid()) < 1000
    assert pss(NOBODY) == 0
