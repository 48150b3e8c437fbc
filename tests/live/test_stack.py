"""The launcher itself: what the other tests of this folder rely on."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from tests.live.stack import Stack
from tests.live.stack.places import AS_ROOT, RUN_USER


def test_a_call_passes_through_nginx_uwsgi_and_postgresql(stack: Stack, key: str):
    with stack.client(key=key) as client:
        made = client.post("/api/v1/todos", json={"content": "Through all of it"})

    assert made.status_code == 201, made.text
    assert stack.sql("SELECT content FROM todos_todo WHERE id = %s", made.json()["id"])


def test_only_the_master_of_nginx_runs_as_root(stack: Stack):
    names = ("web:web-0", "web:web-1", "worker", "beat", "redis", "nginx")
    masters = [process for name in names for process in stack.processes(name)]
    master = psutil.Process(stack.pid("nginx"))

    others = {process.username() for process in masters if process != master}

    assert others == {RUN_USER}
    assert master.username() == ("root" if AS_ROOT else RUN_USER)


def test_every_process_holds_the_mark_by_which_the_next_start_would_know_it(
    stack: Stack,
):
    for program in stack.supervised.states():
        for process in stack.processes(program):
            mark = Path(os.readlink(f"/proc/{process.pid}/fd/9"))

            assert mark.name in {"mark", "listen.conf"} or mark.suffix == ".mark"
