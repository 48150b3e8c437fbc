"""Killed processes are restarted, and acknowledged writes are kept."""

from __future__ import annotations

import sys
import time
from functools import partial
from random import Random
from statistics import median

import pytest
from celery import Celery

from tests.live.ledger import Writer, compare, writers_on
from tests.live.stack import Stack
from tests.live.test_stack import has_ended, start_anew
from tests.live.waiting import wait_until

BACK = 10  # seconds, as a rule
LATEST = 30  # seconds, on a machine with something else to do
PARTS = (
    "web:web-0", "web:web-1", "worker of web:web-0", "worker of web:web-1", "nginx",
    "redis", "postgresql", "worker", "worker of worker", "beat",
)  # fmt: skip


class Death:
    """A process of one part that is killed, and what comes after it."""

    def __init__(self, stack: Stack, part: str, random: Random) -> None:
        self.stack = stack
        self.part = part
        self.program = part.removeprefix("worker of ")
        family = stack.processes(self.program)
        is_master = part == self.program
        self.process = family[0] if is_master else random.choice(family[1:])

    def die(self) -> float:
        """Kill it, and return the seconds until the part works again."""
        self.at = time.time()
        self.process.kill()
        wait_until(self.is_over, seconds=LATEST, what=f"{self.part} is back", every=0.2)
        return time.time() - self.at

    def is_over(self) -> bool:
        """Return whether the part does its work again, by another process."""
        return has_ended(self.process) and self.stack.is_ready() and self.works()

    def works(self) -> bool:
        if self.program.startswith("web:"):
            return self.stack.answers(self.program)
        if self.program not in {"worker", "beat"}:
            return True  # then the service would not be ready
        if self.program == "worker":  # beat gives signs of life by itself
            with Celery(broker=self.stack.env["BROKER_URL"]) as app:
                app.send_task("core.tasks.worker_heartbeat", ignore_result=True)
        query = "SELECT at FROM core_heartbeat WHERE name = %s"
        return self.stack.sql(query, self.program)[0][0].timestamp() > self.at


def choose(rounds: int, random: Random) -> list[str]:
    """Return what to kill: each part once and then any, in any order."""
    chosen = [*PARTS, *random.choices(PARTS, k=max(0, rounds - len(PARTS)))][:rounds]
    random.shuffle(chosen)
    return chosen


def test_acknowledged_writes_survive_the_kill_of_any_process(
    stack: Stack,
    key: str,
    pytestconfig: pytest.Config,
    capsys: pytest.CaptureFixture[str],
):
    seed = pytestconfig.getoption("--seed") or int(time.time())
    random, taken = Random(seed), []  # noqa: S311
    with writers_on(stack, key) as writers:
        for part in choose(pytestconfig.getoption("--rounds"), random):
            written = acknowledged(writers)
            taken.append((Death(stack, part, random).die(), part))
            wait_until(
                partial(has_grown, writers, written),
                seconds=LATEST,
                what="the writers go on",
            )
    slowest, part = max(taken)
    middle = median(seconds for seconds, _part in taken)
    with capsys.disabled():
        sys.stderr.write(
            f"{len(taken)} kills, seed {seed}, {acknowledged(writers)} acknowledged; "
            f"half were back in {middle:.1f} s, all in {slowest:.1f} s ({part})\n"
        )

    assert middle < BACK
    compare(stack, writers)
    done = stack.manage("doctor")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_supervisor_kills_leftovers_of_a_killed_one(stack: Stack, key: str):
    start_anew(stack, "web-0")
    programs = stack.supervised.states()
    left = [process for name in programs for process in stack.processes(name)]
    with writers_on(stack, key) as writers:
        stack.supervised.kill()
        stack.supervised.start()  # as systemd does
        stack.wait_ready()
        written = acknowledged(writers)
        wait_until(
            partial(has_grown, writers, written), seconds=LATEST, what="they go on"
        )

    compare(stack, writers)
    wait_until(lambda: all(map(has_ended, left)), what="what was left has ended")


def acknowledged(writers: list[Writer]) -> int:
    return sum(writer.ledger.acknowledged for writer in writers)


def has_grown(writers: list[Writer], written: int) -> bool:
    """Return whether each writer wrote again, about."""
    return acknowledged(writers) > written + 2 * len(writers)
