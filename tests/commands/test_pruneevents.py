"""The command pruneevents, the only way to delete events."""

from __future__ import annotations

import os
import pty
import subprocess
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.append_only import missing_triggers
from core.models import Event
from tests.commands.running import command_line, environment, refusal, run, shell
from tests.todos.helpers import put
from todos.models import Todo

YEAR = timedelta(days=365)


@pytest.fixture
def old_and_new(owner, todo_list) -> tuple[Todo, Todo]:
    now = timezone.now()
    return (
        put(owner, todo_list, "Old", now=now - 2 * YEAR),
        put(owner, todo_list, "New", now=now - timedelta(days=1)),
    )


def has_events(todo: Todo) -> bool:
    return Event.objects.filter(resource_id=str(todo.pk)).exists()


def test_old_events_are_deleted_and_new_events_and_rows_stay(old_and_new):
    old, new = old_and_new
    assert run("pruneevents", "--older-than", "365", "--yes").out == ""
    assert not has_events(old)
    assert has_events(new)
    assert Todo.objects.filter(pk=old.pk).exists()


def test_pruning_is_recorded_with_its_cutoff(old_and_new):
    count = Event.objects.filter(at__lt=timezone.now() - YEAR).count()
    run("pruneevents", "--older-than", "365", "--yes")
    event = Event.objects.get(verb="event.pruned")
    assert (event.source, event.actor_id) == ("command", None)
    assert event.changes["count"] == [None, count]
    before = datetime.fromisoformat(event.changes["before"][1])
    assert before == event.at - YEAR


def test_pruning_again_changes_and_records_nothing(old_and_new):
    run("pruneevents", "--older-than", "365", "--yes")
    before = Event.objects.count()
    assert "no events that old" in run("pruneevents", "--older-than", "365").err
    assert Event.objects.count() == before


def test_several_batches_and_events_of_the_same_instant_are_deleted(
    owner, todo_list, now
):
    run("makesample", "--todos", "3000", "--people", "2", "--lists", "2")
    for number in range(3):
        put(owner, todo_list, f"{number}", now=now)
    run("pruneevents", "--older-than", "0", "--yes")
    assert set(Event.objects.values_list("verb", flat=True)) == {"event.pruned"}


def test_the_log_is_append_only_again_afterwards(old_and_new):
    run("pruneevents", "--older-than", "365", "--yes")
    assert missing_triggers() == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.update(verb="forged")


@pytest.mark.parametrize("days", ["-1", "a year", "1.5", "99999", ""])
def test_an_invalid_number_of_days_is_refused(old_and_new, days):
    assert "--older-than" in refusal("pruneevents", f"--older-than={days}", "--yes")
    assert has_events(old_and_new[0])


@pytest.mark.django_db(transaction=True)
def test_without_a_terminal_it_requires_the_yes_option(old_and_new):
    asked = shell("pruneevents", "--older-than", "365")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "--yes" in asked.stderr
    assert has_events(old_and_new[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("typed", "status"), [("yes", 0), ("y", 1), ("", 1)])
def test_in_a_terminal_it_asks_for_confirmation(old_and_new, typed, status):
    ours, theirs = pty.openpty()
    os.write(ours, f"{typed}\n".encode())
    done = subprocess.run(  # noqa: S603  (our own command line)
        command_line("pruneevents", "--older-than", "365"),
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stdout) == (status, "")
    assert "1 event older than" in done.stderr
    assert has_events(old_and_new[0]) == (status == 1)
