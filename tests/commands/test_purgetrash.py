"""The command purgetrash."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from core.events import REDACTED
from core.models import Event
from tests.commands.running import refusal, run
from tests.todos.helpers import chain, last_event, put
from todos.models import Todo, TodoList
from todos.services import trash
from todos.services.lists import add_list, restore_list, trash_list
from todos.services.trash import trash_todo

DAY = timedelta(days=1)


@pytest.fixture
def long_ago(settings) -> datetime:
    return timezone.now() - settings.TRASH_DAYS * DAY - timedelta(hours=1)


@pytest.fixture
def lately(settings) -> datetime:
    return timezone.now() - settings.TRASH_DAYS * DAY + timedelta(hours=1)


def trashed(user: User, todo_list: TodoList, content: str, at: datetime) -> Todo:
    todo = put(user, todo_list, content, now=at - DAY)
    trash_todo(actor=user, todo=todo, now=at)
    return todo


def trashed_list(user: User, name: str, at: datetime, todos: int) -> TodoList:
    made = add_list(actor=user, name=name, now=at - DAY)
    for number in range(todos):
        put(user, made, f"{name} {number}", now=at - DAY)
    trash_list(actor=user, todo_list=made, now=at)
    return made


def test_old_trash_is_purged_and_the_rest_stays(
    owner, todo_list, todo, long_ago, lately
):
    gone = trashed(owner, todo_list, "Old", long_ago)
    kept = trashed(owner, todo_list, "New", lately)
    outcome = run("purgetrash")
    assert (outcome.out, "1 todo, 0 lists" in outcome.err) == ("", True)
    assert set(Todo.with_trash.all()) == {todo, kept}
    assert last_event(gone).verb == "todo.purged"
    assert last_event(gone).source == "command"


def test_events_of_purged_todos_are_redacted(owner, todo_list, long_ago):
    gone = trashed(owner, todo_list, "A secret wish", long_ago)
    run("purgetrash")
    made = Event.objects.get(resource_id=str(gone.pk), verb="todo.created")
    assert made.changes["content"] == [REDACTED, REDACTED]
    assert "secret wish" not in str(list(Event.objects.values("changes")))


def test_subtasks_are_purged_with_their_parent(owner, todo_list, long_ago):
    line = chain(owner, todo_list, 3)
    trash_todo(actor=owner, todo=line[0], now=long_ago)
    run("purgetrash")
    assert not Todo.with_trash.exists()


def test_trashed_lists_are_purged_with_their_todos(owner, todo, long_ago, lately):
    gone = trashed_list(owner, "Old", long_ago, todos=2)
    kept = trashed_list(owner, "New", lately, todos=2)
    outcome = run("purgetrash")
    assert "2 todos, 1 list." in outcome.err
    assert not TodoList.objects.filter(pk=gone.pk).exists()
    assert TodoList.objects.filter(pk=kept.pk).exists()
    assert Todo.with_trash.filter(list=kept).count() == 2
    assert last_event(gone).verb == "list.purged"


def test_a_restored_list_is_not_purged(owner, long_ago):
    restored = trashed_list(owner, "Back again", long_ago, todos=1)
    restore_list(actor=owner, todo_list=restored, now=timezone.now())
    run("purgetrash")
    assert Todo.objects.filter(list=restored).exists()


def test_several_batches_are_purged_in_separate_transactions(
    owner, todo_list, long_ago, monkeypatch
):
    monkeypatch.setattr(trash, "BATCH", 2)
    trashed_list(owner, "Old", long_ago, todos=5)
    for number in range(5):
        trashed(owner, todo_list, f"{number}", long_ago)
    run("purgetrash")
    assert not Todo.with_trash.exists()
    for stream in {todo_list.pk, *TodoList.objects.values_list("pk", flat=True)}:
        events_of_stream = Event.objects.filter(stream_id=stream).order_by("seq")
        numbers = list(events_of_stream.values_list("seq", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))


def test_the_trash_can_be_emptied_at_once(owner, todo_list, todo):
    trashed(owner, todo_list, "Just now", timezone.now() - timedelta(seconds=1))
    run("purgetrash", "--older-than", "0")
    assert list(Todo.with_trash.all()) == [todo]


def test_an_invalid_number_of_days_is_refused(owner, todo_list, long_ago):
    trashed(owner, todo_list, "Old", long_ago)
    assert "whole number" in refusal("purgetrash", "--older-than", "soon")
    assert Todo.with_trash.exists()
