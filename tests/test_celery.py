"""Celery's own processes, as they start and as the broker treats them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from core.models import Heartbeat
from tests.commands.running import ROOT, environment
from tests.live.waiting import wait_until
from tests.redis_server import RedisServer
from todo_project.celery import Ticker, app
from todo_project.management.commands.background import Clock

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
    """Start a program of Celery on the broker of the test."""
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


def test_beat_shows_life_while_the_broker_hangs_and_ticks_when_it_is_back(
    start, server, log
):
    server.freeze()
    start("beat")
    wait_until(
        lambda: log.read_text().count("tick not sent") >= 3,
        what="it is told of each task",
    )
    assert is_alive("beat")
    assert "Traceback" not in log.read_text()
    server.thaw()
    wait_until(lambda: server.client.llen("celery"), what="there is a tick")


def test_beat_starts_before_the_broker_and_the_database(start, server, log):
    server.kill()
    nowhere = "postgres://nobody@127.0.0.1:9/nothing"
    beat = start("beat", DATABASE_URL=nowhere)
    wait_until(
        lambda: (
            "sign of life not written" in log.read_text()
            and log.read_text().count("tick not sent") >= 3
        ),
        what="it is told",
    )
    server.start()
    wait_until(lambda: server.client.llen("celery"), what="there is a tick")
    assert beat.poll() is None


def test_a_worker_waits_for_the_broker_and_does_what_waited_for_it(start, server, log):
    server.kill()
    start("worker")
    wait_until(lambda: "Cannot connect" in log.read_text(), what="it waits")
    server.start()
    start("beat")
    wait_until(lambda: is_alive("worker"), what="a task went through")


@pytest.mark.parametrize("program", ["worker", "beat"])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"REDIS_URL": ""}, "Configuration: Celery needs REDIS_URL (or BROKER_URL);"),
        ({"DEBUG": "yes"}, "Configuration: DEBUG must be true or false, not 'yes'."),
        ({"BROKER_URL": "amqp://x"}, "Configuration: BROKER_URL must look like redis:"),
    ],
)
def test_what_cannot_work_is_refused_in_a_sentence(
    start, log, program, variables, sentence
):
    assert start(program, **variables).wait(60) == 1
    assert sentence in log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.fixture
def set_back(monkeypatch) -> Callable[[], None]:
    """Set the clock back by a day when it is called."""

    def an_earlier_day() -> datetime:
        return datetime.now(UTC) - timedelta(days=1)

    return lambda: monkeypatch.setattr(app, "now", an_earlier_day)


def test_beat_does_not_wait_for_a_clock_that_was_set_back(set_back, monkeypatch):
    sent: list[str] = []
    monkeypatch.setattr(
        Ticker, "apply_entry", lambda _ticker, entry, **_: sent.append(entry.name)
    )
    ticker = Ticker(app)

    def told() -> list[str]:
        sent.clear()
        for _ in range(10):
            ticker.tick()
        return sorted(sent)

    everything = sorted(app.conf.beat_schedule)
    assert told() == everything
    assert told() == []
    set_back()
    assert told() == everything
    assert told() == []


def test_background_does_not_wait_for_a_clock_that_was_set_back(set_back, monkeypatch):
    app.loader.import_default_modules()
    done: list[str] = []
    for name in ("core.tasks.pulse", "accounts.tasks.prune"):
        monkeypatch.setattr(
            app.tasks[name], "apply", lambda name=name: done.append(name)
        )
    clock = Clock()
    clock.tick()
    clock.tick()
    assert len(done) == 2
    set_back()
    clock.tick()
    assert len(done) == 4


def test_a_sign_of_life_from_the_future_is_none():
    now = timezone.now()
    Heartbeat.objects.beat("worker", now + timedelta(hours=1))
    within = timedelta(seconds=40)
    assert not Heartbeat.objects.is_alive("worker", now, within=within)
    Heartbeat.objects.beat("worker", now + timedelta(seconds=5))  # of another machine
    assert Heartbeat.objects.is_alive("worker", now, within=within)
