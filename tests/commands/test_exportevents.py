"""The command exportevents."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.utils import timezone

from core.management.commands.exportevents import BATCH
from core.models import Event
from tests.commands.running import command_line, environment, refusal, run
from tests.conftest import make_person
from tests.todos.helpers import put


def exported(*arguments: str) -> list[dict[str, Any]]:
    out = run("exportevents", *arguments).out
    return [json.loads(line) for line in out.splitlines()]


def test_every_event_is_a_line_in_chronological_order(full):
    events = exported()
    assert len(events) == Event.objects.count() > 10
    assert events == sorted(events, key=lambda event: (event["at"], event["id"]))
    made = next(event for event in events if event["resource_id"] == str(full.pk))
    assert made["verb"] == "todo.created"
    assert made["changes"]["content"] == [None, full.content]
    assert made["stream_id"] == str(full.list_id)


def test_every_event_is_exported_once_across_batches(db):
    run("makesample", "--todos", "1500", "--people", "2", "--lists", "2")
    ids = [event["id"] for event in exported()]
    assert len(ids) > BATCH
    assert len(ids) == len(set(ids)) == Event.objects.count()


def test_since_and_until_limit_the_time(owner, todo_list):
    now = timezone.now()
    for days in (10, 5, 1):
        put(owner, todo_list, f"{days} days ago", now=now - timedelta(days=days))

    def contents(*arguments: str) -> list[str]:
        return [
            event["changes"]["content"][1]
            for event in exported(*arguments)
            if event["verb"] == "todo.created"
        ]

    assert contents("--since", "7d") == ["5 days ago", "1 days ago"]
    assert contents("--until", "120h") == ["10 days ago", "5 days ago"]
    day = (now - timedelta(days=5)).date()
    assert contents("--since", f"{day}", "--until", "2d") == ["5 days ago"]
    assert contents("--since", (now - timedelta(days=2)).isoformat()) == ["1 days ago"]


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_an_invalid_time_is_refused(db, option):
    assert "is not a valid moment" in refusal("exportevents", option, "yesterday")


def rows_of_csv():
    """Return the rows of the CSV, which begins with a byte order mark."""
    out = run("exportevents", "--format", "csv").out
    assert out.startswith("\ufeffid,at,")
    return csv.DictReader(StringIO(out.removeprefix("\ufeff")))


def test_csv_contains_the_same_events_as_jsonl(full):
    table = list(rows_of_csv())
    lines = exported()
    assert [row["id"] for row in table] == [line["id"] for line in lines]
    assert [json.loads(row["changes"]) for row in table] == [
        line["changes"] for line in lines
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM", "\t=1", "\n=1"])
def test_a_cell_that_looks_like_a_formula_is_escaped(db, name):
    make_person(name)
    labels = {row["actor_label"] for row in rows_of_csv()}
    assert f"'{name}" in labels
    assert name not in labels


@pytest.mark.django_db(transaction=True)
def test_a_closed_pipe_ends_it_quietly():
    run("makesample", "--todos", "1500", "--people", "2", "--lists", "2")
    with export() as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["id"]
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == ""


@pytest.mark.django_db(transaction=True)
def test_an_interrupt_exits_with_status_130():
    run("makesample", "--todos", "1500", "--people", "2", "--lists", "2")
    with export() as process:
        assert process.stdout
        assert process.stderr
        lines = [process.stdout.readline()]
        process.send_signal(signal.SIGINT)  # the process is blocked by the full pipe
        lines += process.stdout.readlines()
        assert process.wait(timeout=60) == 130
        assert process.stderr.read() == "Interrupted.\n"
    assert len(lines) < Event.objects.count()
    assert all(json.loads(line) for line in lines[:-1])


def export() -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  (our own command line)
        command_line("exportevents"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
        errors="replace",  # the output may end within a character
    )
