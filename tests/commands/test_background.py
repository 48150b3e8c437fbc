"""The process that does, without a broker, what the clock starts."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from core.models import Heartbeat
from tests.commands.running import command_line, environment, shell
from tests.live.waiting import wait_until
from tests.todos.helpers import put
from tests.todos.threads import wait_long
from todos.models import Todo
from todos.services.trash import trash_todo

pytestmark = pytest.mark.django_db(transaction=True)
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def start(tmp_path, log) -> Iterator[Start]:
    """Start the command as its own process, with a data folder of the test."""
    started = []

    def start(*before: str, **variables: str) -> subprocess.Popen[bytes]:
        words = [*before, *command_line("background")]
        values = environment() | {"DATA_DIR": str(tmp_path)} | variables
        with log.open("ab") as stderr:
            process = subprocess.Popen(words, env=values, stderr=stderr)  # noqa: S603
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def is_alive() -> bool:
    now = timezone.now()
    return Heartbeat.objects.is_alive("background", now, within=timedelta(seconds=20))


def wait_for_life() -> None:
    wait_until(is_alive, what="it shows life")


def test_it_empties_the_trash_and_shows_life(start, owner, todo, settings):
    long_ago = timezone.now() - timedelta(days=settings.TRASH_DAYS + 1)
    old = put(owner, todo.list, "Old", now=long_ago)
    trash_todo(actor=owner, todo=old, now=long_ago)
    start()
    wait_for_life()
    gone = Todo.with_trash.filter(pk=old.pk)
    wait_until(lambda: not gone.exists(), what="the trash is empty")
    assert Todo.objects.filter(pk=todo.pk).exists()


def test_it_ends_at_once_when_it_is_told_to(start):
    process = start()
    wait_for_life()
    process.terminate()
    assert process.wait(5) == 0  # sooner than its next tick


def test_it_ends_when_whoever_started_it_is_killed(start, tmp_path, log):
    parent = start("/bin/sh", "-c", '"$@"; true', "sh")
    wait_for_life()
    (child,) = psutil.Process(parent.pid).children()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child.wait(60)
    assert "background ended: its parent did" in log.read_text()


def test_it_ends_when_its_parent_did_before_it_began(tmp_path):
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    ended = shell("background", "--parent", str(gone.pid), DATA_DIR=str(tmp_path))
    assert ended.returncode == 0
    assert "background ended: its parent did" in ended.stderr
    assert not is_alive()


def test_a_second_one_on_the_same_data_is_refused(start, tmp_path):
    start()
    wait_for_life()
    second = shell("background", DATA_DIR=str(tmp_path))
    assert second.returncode == 1
    lock = tmp_path / "run" / "background.lock"
    assert second.stderr == f"CommandError: It runs already: {lock} is locked.\n"


def test_the_lock_of_one_that_was_killed_is_free(start):
    start().kill()
    Heartbeat.objects.all().delete()
    start()
    wait_for_life()


def test_a_failing_task_is_told_and_does_not_end_it(start, log):
    rename("core_heartbeat", "away")
    try:
        process = start()
        wait_until(
            lambda: log.read_text().count("task failed") >= 3,
            what="the failures are told",
        )
    finally:
        rename("away", "core_heartbeat")
    wait_for_life()
    assert process.poll() is None


def rename(old: str, new: str) -> None:
    wait_long()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
    connection.close()  # and what it waits


def test_it_goes_on_when_the_database_was_locked(start):
    if connection.vendor == "sqlite":
        lock = "BEGIN IMMEDIATE"
    else:
        lock = "BEGIN; LOCK TABLE core_heartbeat"
    Heartbeat.objects.beat("background", timezone.now() - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(lock)
    process = start()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(5)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
    wait_for_life()


def test_a_data_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path):
    if os.geteuid() == 0:
        (tmp_path / "run").write_text("")  # root may write everywhere
    else:
        tmp_path.chmod(0o500)
    refused = shell("background", DATA_DIR=str(tmp_path))
    assert refused.returncode == 1
    assert "cannot be written: " in refused.stderr
    assert "Traceback" not in refused.stderr
