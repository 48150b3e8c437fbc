"""The scheduled tasks of the apps, and the code that they share."""

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
from core.models import Event, Heartbeat, IdempotentAnswer, TaskSchedule
from core.models.task_schedules import LEASE
from core.registry import registry
from core.tasks import run_batches, worker_heartbeat
from tests.conftest import browser_for
from tests.todos.helpers import put
from todo_project.celery import app, kombu_url
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
def test_only_old_trash_is_purged(owner, todo):
    recent = put(owner, todo.list, "Just now")
    trash_todo(actor=owner, todo=recent, now=timezone.now())
    empty_trash.apply()
    assert set(Todo.with_trash.all()) == {todo, recent}


def test_old_lists_are_purged_with_their_content(owner, long_ago):
    gone = add_list(actor=owner, name="Old", now=long_ago - DAY)
    put(owner, gone, now=long_ago - DAY)
    trash_list(actor=owner, todo_list=gone, now=long_ago)
    empty_trash.apply()
    assert not TodoList.objects.filter(pk=gone.pk).exists()


def test_old_keys_sessions_and_responses_are_pruned(owner, owner_api):
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


@pytest.fixture
def at(monkeypatch):
    """Return a function that sets the clock of tasks."""
    return lambda moment: monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.mark.usefixtures("old_trash")
def test_work_that_exceeds_the_time_of_a_tick_continues_after_the_lease(
    monkeypatch, at
):
    now = timezone.now()
    monkeypatch.setattr(trash, "BATCH", 2)
    monkeypatch.setattr(tasks, "SECONDS", -1)
    empty_trash.apply()
    assert Todo.with_trash.count() == 3
    monkeypatch.setattr(tasks, "SECONDS", 20)
    empty_trash.apply()
    assert Todo.with_trash.count() == 3
    at(now + 2 * LEASE)
    empty_trash.apply()
    assert not Todo.with_trash.exists()


@pytest.mark.usefixtures("old_trash")
def test_a_task_that_fails_leaves_its_slot_open_until_it_succeeds(monkeypatch, at):
    now = timezone.now()
    slot = TaskSchedule.objects.values_list("slot", flat=True)
    with monkeypatch.context() as broken:
        broken.setattr("todos.tasks.purge_old_lists", fail)
        assert empty_trash.apply().failed()
    failed = slot.get()
    assert empty_trash.apply().successful()  # during the lease, it does nothing
    assert slot.get() == failed
    at(now + 2 * LEASE)
    empty_trash.apply()
    assert slot.get() > failed
    assert not Todo.with_trash.exists()


def fail(**_):
    yield 1
    raise OperationalError("canceling statement due to lock timeout")


def test_work_that_fails_does_not_stop_the_rest():
    rest = iter([1, 1])
    with pytest.raises(OperationalError):
        run_batches("work", fail(), rest)
    assert next(rest, None) is None


@pytest.mark.django_db
def test_a_session_renewed_during_the_deletion_is_kept(owner, monkeypatch):
    """The session is found among the expired ones, but renewed before the deletion."""
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


@pytest.mark.django_db
def test_the_heartbeat_of_the_worker_is_recent():
    now = timezone.now()
    worker_heartbeat.apply()
    worker_heartbeat.apply()
    assert Heartbeat.objects.get(name="worker").at >= now
    assert Heartbeat.objects.is_alive("worker", now, within=timedelta(seconds=40))
    later = now + timedelta(minutes=1)
    assert not Heartbeat.objects.is_alive("worker", later, within=timedelta(seconds=40))


@pytest.mark.usefixtures("old_trash")
def test_events_of_a_task_have_the_id_of_the_request_that_sent_it(caplog):
    token = logs.request_id.set("-")
    try:
        with caplog.at_level(logging.INFO):
            empty_trash.apply(headers={"request_id": "request-0001"})
    finally:
        logs.request_id.reset(token)
    event = Event.objects.filter(verb="todo.purged")[0]
    assert (event.source, event.request_id) == ("system", "request-0001")


@pytest.mark.usefixtures("old_trash")
def test_events_of_a_task_without_a_request_have_the_id_of_the_task():
    token = logs.request_id.set("-")
    try:
        done = empty_trash.apply()
        assert logs.request_id.get() == "-"  # the id of the task is reset
    finally:
        logs.request_id.reset(token)
    event = Event.objects.filter(verb="todo.purged")[0]
    assert event.request_id == f"task-{done.id}"


@pytest.mark.django_db
@pytest.mark.parametrize("task", [worker_heartbeat, prune, empty_trash])
def test_unknown_arguments_from_another_release_are_ignored(task):
    assert task.apply(kwargs={"batch": 5}).successful()


def test_every_task_is_declared_with_a_schedule_and_every_declared_task_exists():
    app.loader.import_default_modules()
    own = {name for name in app.tasks if not name.startswith("celery.")}
    assert own == set(registry.tasks)


@pytest.mark.parametrize(
    ("url", "expected"),
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
def test_the_url_of_a_broker_is_converted_for_kombu(url, expected):
    assert kombu_url(url) == expected
