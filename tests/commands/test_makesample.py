"""The command makesample: realistic sample data, written as if by users."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from time import monotonic

import pytest
from django.db.models import Count, Max
from django.utils import timezone

from accounts.models import User
from core.models import Event
from tests.commands.running import command_line, environment, refusal, run, shell
from todos.models import Comment, Membership, Todo, TodoList

SAMPLE = ("makesample", "--todos=400", "--people=5", "--lists=8", "--seed=7")


def lists_with_todos() -> list[TodoList]:
    return list(TodoList.objects.filter(inbox_of=None).order_by("pk"))


def test_the_requested_numbers_of_rows_are_created(db):
    done = run(*SAMPLE)
    assert done.out == ""
    assert "400 todos in 8 lists of 5 sample people" in done.err
    assert Todo.with_trash.count() == 400
    assert len(lists_with_todos()) == 8
    assert User.objects.count() == 5


def test_some_people_have_a_picture(db):
    run(*SAMPLE)
    assert User.objects.exclude(avatar="").count() == 3


def test_the_doctor_finds_no_fault_in_sample_data(db, settings):
    settings.SECRET_KEY = "0123456789abcdefghijklmnopqrstuvwxyz" * 2
    run(*SAMPLE)
    run("doctor")


def test_events_are_numbered_without_gaps_in_chronological_order(db):
    run(*SAMPLE)
    for todo_list in lists_with_todos():
        events_of_list = Event.objects.filter(stream_id=todo_list.pk).order_by("seq")
        events = list(events_of_list.values_list("seq", "at"))
        assert [seq for seq, _at in events] == list(range(1, todo_list.revision + 1))
        assert [at for _seq, at in events] == sorted(at for _seq, at in events)


def test_every_event_has_the_command_as_its_source(db):
    run(*SAMPLE)
    assert set(Event.objects.values_list("source", flat=True)) == {"command"}


def test_samples_cover_every_state_of_a_todo(db):
    run(*SAMPLE)
    todos = Todo.with_trash.all()
    assert todos.filter(is_finished=True).exists()
    assert todos.filter(is_finished=False).exists()
    assert todos.filter(deleted_at__isnull=False).exists()
    assert todos.filter(parent__isnull=False).exists()
    assert todos.filter(due_time__isnull=False).exists()
    assert todos.filter(due_on__isnull=False, due_time=None).exists()
    assert todos.filter(assignee__isnull=False).exists()
    assert todos.exclude(notes="").exists()
    assert todos.filter(labels__isnull=False).exists()
    assert Comment._base_manager.exists()
    assert Membership.objects.filter(role="viewer").exists()


def test_contents_are_in_english_and_chinese(db):
    run(*SAMPLE)
    contents = Todo.with_trash.values_list("content", flat=True)
    kinds = Counter(content.isascii() for content in contents)
    assert kinds[True] > 40
    assert kinds[False] > 40


def test_list_sizes_are_unequal(db):
    run(*SAMPLE)
    counted = TodoList.objects.filter(inbox_of=None).annotate(size=Count("todos"))
    sizes = sorted(counted.values_list("size", flat=True), reverse=True)
    assert sizes[0] >= 120
    assert sizes[0] > 2 * sizes[2]
    assert sum(sizes) == 400


def test_the_last_person_has_been_inactive_for_years(db):
    run(*SAMPLE)
    quiet = User.objects.order_by("username").last()
    newest = Todo.with_trash.filter(list__memberships__user=quiet).aggregate(
        at=Max("created_at")
    )
    assert (timezone.now() - newest["at"]).days > 900


def test_a_second_run_with_the_same_seed_adds_the_same_contents(db):
    run(*SAMPLE)
    first = sorted(Todo.with_trash.values_list("content", flat=True))
    run(*SAMPLE)
    both = Counter(Todo.with_trash.values_list("content", flat=True))
    assert both == Counter(first * 2)


def test_a_given_user_owns_the_largest_list(owner):
    run(*SAMPLE, "--user", "olga")
    counted = TodoList.objects.annotate(size=Count("todos")).order_by("-size")
    largest = counted.first()
    assert Membership.objects.get(list=largest, role="owner").user == owner


def test_sample_people_cannot_sign_in(db, client):
    run(*SAMPLE)
    for person in User.objects.all():
        assert not person.has_usable_password()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--todos", "-1"], "not a whole number"),
        (["--todos", "many"], "not a whole number"),
        (["--todos", "5", "--people", "0"], "--people must be 1 or more"),
        (["--todos", "5", "--lists", "0"], "--lists must be 1 or more"),
        (["--todos", "5", "--user", "nobody"], "No user has the user name"),
        ([], "--todos"),
    ],
)
def test_invalid_arguments_are_refused(db, arguments, message):
    assert message in refusal("makesample", *arguments)
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_interrupt_leaves_only_complete_lists():
    arguments = ("makesample", "--todos", "20000", "--people", "2", "--lists", "40")
    with subprocess.Popen(  # noqa: S603  (our own command line)
        command_line(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        wait_for_a_list()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted." in err
    assert "Traceback" not in err
    whole = shell("doctor", "--only", "numbers", "--only", "todo-events")
    assert whole.returncode == 0, whole.stdout


def wait_for_a_list() -> None:
    """Wait until the process has committed its first list of many."""
    give_up = monotonic() + 60
    while TodoList.objects.filter(inbox_of=None).count() < 1:
        assert monotonic() < give_up
