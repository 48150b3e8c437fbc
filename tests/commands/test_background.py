"""The process that runs scheduled tasks without a broker."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from django.db import connection
from django.utils import timezone

from core.models import Heartbeat, TaskSchedule
from core.registry import registry
from tests.commands.running import command_line, environment, shell
from tests.live.waiting import wait_until
from tests.todos.helpers import put
from tests.todos.threads import wait_long
from todos.models import Todo
from todos.services.trash import trash_todo

pytestmark = pytest.mark.django_db(transaction=True)

# An additional app that declares two tasks.
CHORES = {
    "chores_settings.py": """
from todo_project.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "chores"]
""",
    "chores/__init__.py": "",
    "chores/apps.py": """
from datetime import timedelta

from django.apps import AppConfig

from core.registry import Declaration, registry
from core.schedules import Crontab, Every, ScheduledTask


class ChoresConfig(AppConfig):
    name = "chores"

    def ready(self):
        monthly = Crontab(minute=0, hour=3, day_of_month=1, zone="Europe/Berlin")
        rarely = Every(timedelta(days=1000))
        tasks = [
            ScheduledTask("chores.tasks.clean_windows", monthly),
            ScheduledTask("chores.tasks.sweep", rarely),
        ]
        registry.add(Declaration(app="chores", tasks=tasks))
""",
    "chores/tasks.py": """
import os
from pathlib import Path

from core.tasks import scheduled_task


@scheduled_task
def clean_windows(now):
    return [note("windows")]


@scheduled_task
def sweep(now):
    return [note("floor")]


def note(chore):
    with Path(os.environ["CHORES_DONE"]).open("a") as done:
        done.write(chore + "\\n")
    yield 1
""",
}
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


def wait_for_heartbeat() -> None:
    wait_until(is_alive, what="there is a heartbeat")


def test_it_empties_the_trash_and_records_heartbeats(start, owner, todo, settings):
    long_ago = timezone.now() - timedelta(days=settings.TRASH_DAYS + 1)
    old = put(owner, todo.list, "Old", now=long_ago)
    trash_todo(actor=owner, todo=old, now=long_ago)
    start()
    wait_for_heartbeat()
    gone = Todo.with_trash.filter(pk=old.pk)
    wait_until(lambda: not gone.exists(), what="the trash is empty")
    assert Todo.objects.filter(pk=todo.pk).exists()


@pytest.fixture
def chores(tmp_path) -> dict[str, str]:
    """Write the app; return the variables that install it."""
    for name, text in CHORES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return {
        "PYTHONPATH": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "chores_settings",
        "CHORES_DONE": str(tmp_path / "done"),
    }


def test_tasks_that_an_app_declares_run_once_for_each_slot(start, chores):
    done = Path(chores["CHORES_DONE"])

    def run_until(what: list[str]) -> None:
        process = start(**chores)
        wait_until(
            lambda: done.exists() and done.read_text().split() == what, what=f"{what}"
        )
        leased = TaskSchedule.objects.filter(leased_until__gt=timezone.now())
        wait_until(lambda: not leased.exists(), what="the slot is completed")
        process.terminate()
        assert process.wait(60) == 0

    def miss_slots(task: str) -> None:
        rows = TaskSchedule.objects.filter(pk=f"chores.tasks.{task}")
        assert rows.update(slot=datetime(2020, 1, 1, tzinfo=UTC))

    run_until(["floor"])  # the windows wait for the first of the month
    miss_slots("clean_windows")
    run_until(["floor", "windows"])
    miss_slots("sweep")
    run_until(["floor", "windows", "floor"])  # the windows are not cleaned again


def test_it_ends_on_sigterm(start):
    process = start()
    wait_for_heartbeat()
    process.terminate()
    assert process.wait(60) == 0


def test_it_ends_when_its_parent_is_killed(start, tmp_path, log):
    parent = start("/bin/sh", "-c", '"$@"; true', "sh")
    wait_for_heartbeat()
    (child,) = psutil.Process(parent.pid).children()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child.wait(60)
    assert "background ended: its parent did" in log.read_text()


def test_it_ends_when_its_parent_ended_before_it_started(tmp_path):
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    ended = shell("background", "--parent", str(gone.pid), DATA_DIR=str(tmp_path))
    assert ended.returncode == 0
    assert "background ended: its parent did" in ended.stderr
    assert not is_alive()


def test_a_second_process_on_the_same_data_folder_is_refused(start, tmp_path):
    start()
    wait_for_heartbeat()
    second = shell("background", DATA_DIR=str(tmp_path))
    assert second.returncode == 1
    lock = tmp_path / "run" / "background.lock"
    assert second.stderr == f"CommandError: It is already running: {lock} is locked.\n"


def test_a_killed_process_releases_its_lock(start):
    start().kill()
    Heartbeat.objects.all().delete()
    start()
    wait_for_heartbeat()


def test_a_failing_task_is_logged_and_stops_neither_the_process_nor_other_tasks(
    start, log
):
    rename("accounts_apikey", "away")
    try:
        process = start()
        wait_until(
            lambda: "task failed" in log.read_text(), what="the failure is logged"
        )
        wait_until(
            lambda: is_completed("todos.tasks.empty_trash"), what="others are run"
        )
    finally:
        rename("away", "accounts_apikey")
    assert not is_completed("accounts.tasks.prune")
    assert log.read_text().count("task failed") == 1  # no more before the lease ends
    assert process.poll() is None


def is_completed(name: str) -> bool:
    row = TaskSchedule.objects.filter(pk=name).first()
    schedule = registry.tasks[name].schedule
    return row is not None and row.slot >= schedule.latest_slot(timezone.now())


def rename(old: str, new: str) -> None:
    wait_long()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
    connection.close()  # which undoes wait_long()


def test_it_continues_after_the_database_was_locked(start):
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
    wait_for_heartbeat()


def test_a_data_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path):
    if os.geteuid() == 0:
        (tmp_path / "run").write_text("")  # root may write everywhere
    else:
        tmp_path.chmod(0o500)
    refused = shell("background", DATA_DIR=str(tmp_path))
    assert refused.returncode == 1
    assert "cannot be written: " in refused.stderr
    assert "Traceback" not in refused.stderr
