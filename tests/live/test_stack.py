"""The test deployment itself, which the other tests rely on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

from tests.live.stack import Stack
from tests.live.stack.places import AS_ROOT, RUN_USER
from tests.live.waiting import wait_until

MARKED = ("web-0", "web-1", "web-files", "worker", "beat")
MARKS = {"mark", "listen.conf", *(f"{name}.mark" for name in MARKED)}


def test_a_request_passes_through_nginx_uwsgi_and_postgresql(stack: Stack, key: str):
    with stack.client(key=key) as client:
        made = client.post("/api/v1/todos", json={"content": "Through all of it"})

    assert made.status_code == 201, made.text
    assert stack.sql("SELECT content FROM todos_todo WHERE id = %s", made.json()["id"])


def test_only_the_master_of_nginx_runs_as_root(stack: Stack):
    apps = ("web:web-0", "web:web-1", "web:web-files")
    names = (*apps, "worker", "beat", "redis", "nginx")
    masters = [process for name in names for process in stack.processes(name)]
    master = psutil.Process(stack.pid("nginx"))

    others = {process.username() for process in masters if process != master}

    assert others == {RUN_USER}
    assert master.username() == ("root" if AS_ROOT else RUN_USER)


def test_every_process_is_recognised_as_a_leftover(stack: Stack):
    start_anew(stack, "web-0")

    for program in stack.supervised.states():
        for process in stack.processes(program):
            assert is_marked(process) or has_ended(process), process


def start_anew(stack: Stack, instance: str) -> None:
    """Let uWSGI start itself again, by which it closes what it has inherited."""
    log, word = stack.log(instance), "spawned uWSGI master process"
    before = log.read_text().count(word)
    fifo = os.open(stack.data / "run" / f"{instance}.fifo", os.O_WRONLY | os.O_NONBLOCK)
    os.write(fifo, b"r")
    os.close(fifo)
    wait_until(
        lambda: log.read_text().count(word) > before and stack.answers(instance),
        what=f"{instance} has started anew",
    )


def is_marked(process: psutil.Process) -> bool:
    mark = Path(f"/proc/{process.pid}/fd/9")
    with suppress(FileNotFoundError, psutil.NoSuchProcess, psutil.ZombieProcess):
        has_open = mark.exists() and mark.readlink().name in MARKS
        return has_open or Path(process.environ().get("MARK", "")).name in MARKS
    return False


def has_ended(process: psutil.Process) -> bool:
    """Return whether it is gone: PostgreSQL's come and go."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True
