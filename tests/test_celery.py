"""Celery's processes: how they start, and how they handle broker failures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from core.models import Heartbeat, TaskSchedule
from core.registry import registry
from tests.commands.running import ROOT, environment
from tests.live.waiting import wait_until
from tests.redis_server import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def start(server, log, tmp_path) -> Iterator[Start]:
    """Return a function that starts a Celery program with the test's broker."""
    started = []

    def start(program: str, **variables: str) -> subprocess.Popen[bytes]:
        values = {"REDIS_URL": server.url, "METRICS_DIR": str(tmp_path), **variables}
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  (our own command line)
                [sys.executable, "-m", "celery", "-A", "todo_project", program],
                cwd=ROOT,
                env=environment() | values,
                stdout=output,
                stderr=output,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(60)


def is_alive(name: str) -> bool:
    now = timezone.now()
    return Heartbeat.objects.is_alive(name, now, within=timedelta(seconds=40))


def completed_tasks() -> set[str]:
    """Return the tasks whose latest slot is completed."""
    now = timezone.now()
    slots = dict(TaskSchedule.objects.values_list("name", "slot"))
    return {
        name
        for name, slot in slots.items()
        if slot >= registry.tasks[name].schedule.latest_slot(now)
    }


def test_beat_is_alive_while_the_broker_hangs_and_sends_ticks_afterwards(
    start, server, log
):
    server.freeze()
    start("beat")
    wait_until(
        lambda: log.read_text().count("tick not sent") >= 3,
        what="each failed tick is logged",
    )
    assert is_alive("beat")
    assert "Traceback" not in log.read_text()
    server.unfreeze()
    wait_until(lambda: server.client.llen("celery"), what="there is a tick")


def test_beat_starts_before_the_broker_and_the_database(start, server, log):
    server.kill()
    nowhere = "postgres://nobody@127.0.0.1:9/nothing"
    beat = start("beat", DATABASE_URL=nowhere)
    wait_until(
        lambda: (
            "heartbeat not written" in log.read_text()
            and "schedules not read" in log.read_text()
            and "tick not sent" in log.read_text()
        ),
        what="all three failures are logged",
    )
    server.start()
    wait_until(lambda: server.client.llen("celery"), what="there is a tick")
    assert beat.poll() is None


def test_a_worker_waits_for_the_broker_and_then_runs_due_tasks(start, server, log):
    server.kill()
    start("worker")
    wait_until(lambda: "Cannot connect" in log.read_text(), what="it waits")
    server.start()
    start("beat")
    wait_until(lambda: is_alive("worker"), what="the worker gives a heartbeat")
    kept = {task.name for task in registry.tasks.values() if task.keeps_slot}
    wait_until(lambda: completed_tasks() == kept, what="all slots are completed")


@pytest.mark.parametrize("program", ["worker", "beat"])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"REDIS_URL": ""}, "Configuration: Celery needs REDIS_URL (or BROKER_URL);"),
        ({"DEBUG": "yes"}, "Configuration: DEBUG must be true or false, not 'yes'."),
        ({"BROKER_URL": "amqp://x"}, "Configuration: BROKER_URL must look like redis:"),
    ],
)
def test_invalid_settings_end_a_program_with_one_sentence(
    start, log, program, variables, sentence
):
    assert start(program, **variables).wait(60) == 1
    assert sentence in log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_heartbeat_from_the_future_does_not_count():
    now = timezone.now()
    Heartbeat.objects.beat("worker", now + timedelta(hours=1))
    within = timedelta(seconds=40)
    assert not Heartbeat.objects.is_alive("worker", now, within=within)
    Heartbeat.objects.beat(
        "worker", now + timedelta(seconds=5)
    )  # from another machine's clock
    assert Heartbeat.objects.is_alive("worker", now, within=within)
