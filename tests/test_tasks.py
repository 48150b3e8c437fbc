"""Each tick does a part of what the database says is due; a second one does nothing."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.services.keys import issue_key, revoke_key
from accounts.services.maintenance import expired_sessions
from accounts.tasks import prune
from core import tasks
from core.maintenance import delete_in_batches
from core.models import Event, Heartbeat, IdempotentAnswer
from core.tasks import TICK, TURN, pulse, work_off
from tests.conftest import browser_for
from tests.todos.helpers import put
from tests.todos.threads import together
from todo_project import celery
from todo_project.celery import app, told_to_kombu
from todo_project.observability import logs
from todos.models import Todo, TodoList
from todos.services import trash
from todos.services.lists import add_list, trash_list
from todos.services.trash import trash_todo
from todos.tasks import empty_trash

DAY = timedelta(days=1)


@pytest.fixture
def long_ago(settings):
    return timezone.now() - settings.TRASH_DAYS * DAY - timedelta(hours=1)


@pytest.fixture
def old_trash(owner, todo_list, long_ago):
    for number in range(5):
        todo = put(owner, todo_list, f"{number}", now=long_ago - DAY)
        trash_todo(actor=owner, todo=todo, now=long_ago)


@pytest.mark.usefixtures("old_trash")
def test_old_trash_goes_and_the_rest_stays(owner, todo):
    recent = put(owner, todo.list, "Just now")
    trash_todo(actor=owner, todo=recent, now=timezone.now())
    empty_trash.apply()
    assert set(Todo.with_trash.all()) == {todo, recent}


def test_old_lists_go_with_all_that_is_in_them(owner, long_ago):
    gone = add_list(actor=owner, name="Old", now=long_ago - DAY)
    put(owner, gone, now=long_ago - DAY)
    trash_list(actor=owner, todo_list=gone, now=long_ago)
    empty_trash.apply()
    assert not TodoList.objects.filter(pk=gone.pk).exists()


def test_what_has_served_its_time_is_pruned(owner, owner_api):
    now = timezone.now()
    key, _token = issue_key(actor=None, user=owner, name="old", now=now - 99 * DAY)
    revoke_key(actor=None, key=key, now=now - 40 * DAY)
    browser_for(owner)
    Session.objects.update(expire_date=now - DAY)
    IdempotentAnswer.objects.create(user=owner, key="k", created_at=now - 8 * DAY)
    prune.apply()
    assert not owner.api_keys.filter(pk=key.pk).exists()
    assert owner.api_keys.count() == 1
    assert not Session.objects.exists()
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.usefixtures("old_trash")
def test_a_tick_does_what_it_has_time_for_and_the_next_one_the_rest(monkeypatch):
    monkeypatch.setattr(trash, "BATCH", 2)
    monkeypatch.setattr(tasks, "SECONDS", -1)
    empty_trash.apply()
    assert Todo.with_trash.count() == 3
    Heartbeat.objects.update(at=timezone.now() - TICK)
    monkeypatch.setattr(tasks, "SECONDS", 20)
    empty_trash.apply()
    assert not Todo.with_trash.exists()


@pytest.mark.django_db
def test_a_tick_too_many_does_nothing():
    now = timezone.now()
    take = Heartbeat.objects.take_turn
    assert take("work", now, every=TURN)
    assert not take("work", now, every=TURN)
    assert not take("work", now + TURN - timedelta(seconds=1), every=TURN)
    assert take("work", now + TURN, every=TURN)
    assert take("other", now, every=TURN)


@pytest.mark.django_db
def test_a_clock_that_was_ahead_does_not_stop_the_work():
    now = timezone.now()
    Heartbeat.objects.create(name="work", at=now + 300 * DAY)
    assert Heartbeat.objects.take_turn("work", now, every=TURN)
    assert not Heartbeat.objects.take_turn("work", now, every=TURN)


@pytest.mark.django_db
def test_who_looked_at_the_clock_before_the_winner_has_no_turn_either():
    now = timezone.now()
    assert Heartbeat.objects.take_turn("work", now, every=TURN)
    before = now - timedelta(milliseconds=1)
    assert not Heartbeat.objects.take_turn("work", before, every=TURN)


def test_work_that_fails_keeps_no_other_from_its_turn():
    def fail():
        yield 1
        raise OperationalError("canceling statement due to lock timeout")

    rest = iter([1, 1])
    with pytest.raises(OperationalError):
        work_off("work", fail(), rest)
    assert next(rest, None) is None


@pytest.mark.django_db
def test_a_session_that_goes_on_while_old_ones_are_deleted_stays(owner, monkeypatch):
    """It was found among the old ones, and written before it was deleted."""
    browser_for(owner)
    now = timezone.now()
    Session.objects.update(expire_date=now - DAY)
    work = delete_in_batches(expired_sessions(now))
    delete = QuerySet.delete

    def renew_first(rows):
        Session.objects.update(expire_date=now + DAY)
        return delete(rows)

    monkeypatch.setattr(QuerySet, "delete", renew_first)
    next(work)
    assert Session.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_those_who_want_the_same_turn_one_gets_it():
    now = timezone.now()
    turns = together(
        *[lambda: Heartbeat.objects.take_turn("work", now, every=TURN)] * 5
    )
    assert sorted(turns) == [False, False, False, False, True]


@pytest.mark.django_db
def test_a_pulse_is_a_sign_of_life_of_the_worker():
    now = timezone.now()
    pulse.apply()
    pulse.apply()
    assert Heartbeat.objects.get(name="worker").at >= now
    assert Heartbeat.objects.is_alive("worker", now, within=timedelta(seconds=40))
    later = now + timedelta(minutes=1)
    assert not Heartbeat.objects.is_alive("worker", later, within=timedelta(seconds=40))


@pytest.mark.usefixtures("old_trash")
def test_what_a_task_does_is_told_as_of_the_request_that_asked_for_it(caplog):
    token = logs.request_id.set("-")
    try:
        with caplog.at_level(logging.INFO):
            empty_trash.apply(headers={"request_id": "request-0001"})
    finally:
        logs.request_id.reset(token)
    event = Event.objects.filter(verb="todo.purged")[0]
    assert (event.source, event.request_id) == ("system", "request-0001")


@pytest.mark.usefixtures("old_trash")
def test_what_nobody_asked_for_is_told_as_of_the_task():
    token = logs.request_id.set("-")
    try:
        done = empty_trash.apply()
        assert logs.request_id.get() == "-"  # what comes after it is its own
    finally:
        logs.request_id.reset(token)
    event = Event.objects.filter(verb="todo.purged")[0]
    assert event.request_id == f"task-{done.id}"


@pytest.mark.django_db
@pytest.mark.parametrize("task", [pulse, prune, empty_trash])
def test_arguments_of_another_release_do_no_harm(task):
    assert task.apply(kwargs={"batch": 5}).successful()


def test_the_schedule_names_tasks_that_exist_and_lets_no_ticks_pile_up():
    app.loader.import_default_modules()
    entries = app.conf.beat_schedule.values()
    assert {entry["task"] for entry in entries} <= set(app.tasks)
    assert all(entry["options"]["expires"] <= entry["schedule"] for entry in entries)
    assert timedelta(seconds=celery.TICK) == TICK
    assert timedelta(seconds=celery.TIME_LIMIT) < TURN


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:secret@redis:6379/1", "redis://:secret@redis:6379/1"),
        ("rediss://redis/0", "rediss://redis/0"),
        (
            "unix:///run/redis.sock?db=2",
            "redis+socket:///run/redis.sock?virtual_host=2",
        ),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
    ],
)
def test_a_broker_on_a_socket_is_named_as_celery_wants_it(url, told):
    assert told_to_kombu(url) == told
