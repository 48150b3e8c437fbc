"""Slots and leases: each slot of a scheduled task runs only once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from core.clock import TICK_EXPIRES, Clock
from core.models import TaskSchedule
from core.models.task_schedules import CLOCK_SKEW, LEASE
from core.registry import Declaration, Registry
from core.schedules import Crontab, Every, ScheduledTask
from tests.todos.threads import together
from todo_project.celery import TIME_LIMIT

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 12, 1, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
OFTEN = ScheduledTask("chores.often", Every(5 * MINUTE))
MONTHLY = ScheduledTask("chores.monthly", Crontab(minute=0, hour=3, day_of_month=1))
FIRST_OF_APRIL = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


def due(now: datetime) -> list[ScheduledTask]:
    return TaskSchedule.objects.due([OFTEN, MONTHLY], now)


def run(task: ScheduledTask, now: datetime) -> bool:
    """Act as a worker that receives a tick; return whether the slot was run."""
    claim = TaskSchedule.objects.claim(task, now)
    return bool(claim and TaskSchedule.objects.complete(claim))


def test_a_new_interval_task_is_due_at_once_and_a_monthly_one_at_its_next_slot():
    assert due(NOW) == [OFTEN]
    assert run(OFTEN, NOW)
    assert due(NOW) == []
    assert due(FIRST_OF_APRIL - SECOND) == [OFTEN]
    assert due(FIRST_OF_APRIL) == [OFTEN, MONTHLY]


def test_a_slot_runs_once():
    assert run(OFTEN, NOW)
    assert not run(OFTEN, NOW)
    assert not run(OFTEN, NOW + 4 * MINUTE - SECOND)
    assert run(OFTEN, NOW + 4 * MINUTE)


def test_a_monthly_slot_does_not_run_again_after_a_restart():
    due(NOW)
    assert run(MONTHLY, FIRST_OF_APRIL)
    for restart in range(1, 30):
        assert MONTHLY not in due(FIRST_OF_APRIL + restart * DAY)
        assert not run(MONTHLY, FIRST_OF_APRIL + restart * DAY)


def test_slots_missed_while_everything_was_down_run_once():
    due(NOW)
    much_later = NOW + 200 * DAY
    assert due(much_later) == [OFTEN, MONTHLY]
    assert run(MONTHLY, much_later)
    assert run(OFTEN, much_later)
    assert due(much_later + MINUTE) == []


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_with_the_same_tick_one_claims_the_slot():
    claims = together(*[lambda: TaskSchedule.objects.claim(OFTEN, NOW)] * 5)
    assert len([claim for claim in claims if claim]) == 1


def test_the_slot_of_a_killed_worker_runs_again_after_the_lease():
    assert TaskSchedule.objects.claim(OFTEN, NOW)
    assert due(NOW + LEASE - SECOND) == []
    assert not run(OFTEN, NOW + LEASE - SECOND)
    assert due(NOW + LEASE) == [OFTEN]
    assert run(OFTEN, NOW + LEASE)


def test_a_lease_outlasts_a_task():
    assert timedelta(seconds=TIME_LIMIT) < LEASE


def test_a_worker_whose_lease_is_over_completes_nothing():
    slow = TaskSchedule.objects.claim(OFTEN, NOW)
    other = TaskSchedule.objects.claim(OFTEN, NOW + LEASE)
    assert slow is not None
    assert other is not None
    assert not TaskSchedule.objects.complete(slow)
    assert due(NOW + LEASE) == []  # the other one has not ended
    assert TaskSchedule.objects.complete(other)


def test_a_slot_that_passed_during_the_run_is_due_next():
    claim = TaskSchedule.objects.claim(OFTEN, NOW + 4 * MINUTE - SECOND)
    assert claim is not None
    assert TaskSchedule.objects.complete(claim)
    assert due(NOW + 4 * MINUTE) == [OFTEN]


def test_a_clock_that_was_ahead_delays_no_task():
    due(NOW)
    future = NOW + 3650 * DAY
    assert run(OFTEN, future)
    assert run(MONTHLY, future)
    assert due(NOW) == [OFTEN]
    assert run(OFTEN, NOW)
    assert run(MONTHLY, FIRST_OF_APRIL)


def test_a_lease_from_a_clock_that_was_ahead_delays_no_task():
    due(NOW)
    TaskSchedule.objects.update(leased_until=NOW + DAY)
    assert run(OFTEN, NOW)


def test_a_machine_whose_clock_is_a_little_behind_repeats_no_slot():
    next_slot = NOW + 4 * MINUTE
    assert run(OFTEN, next_slot)
    for behind in (SECOND, CLOCK_SKEW):
        assert due(next_slot - behind) == []
        assert not run(OFTEN, next_slot - behind)


def test_a_task_is_declared_once():
    registry = Registry()
    registry.add(Declaration(app="one", tasks=[OFTEN]))
    registry.add(Declaration(app="two", tasks=[MONTHLY]))
    assert registry.tasks == {"chores.often": OFTEN, "chores.monthly": MONTHLY}
    registry.add(Declaration(app="three", tasks=[OFTEN]))
    with pytest.raises(ImproperlyConfigured, match="the same scheduled task"):
        _ = registry.tasks


# --- Ticks ---------------------------------------------------------------------------

PULSE = ScheduledTask("chores.pulse", Every(10 * SECOND), keeps_slot=False)


@pytest.fixture
def clock(transactional_db, monkeypatch) -> Clock:
    """A clock that knows three tasks; it closes old connections, as a process does."""
    registry = Registry()
    registry.add(Declaration(app="chores", tasks=[PULSE, OFTEN, MONTHLY]))
    monkeypatch.setattr("core.clock.registry", registry)
    return Clock()


def send(clock: Clock, now: datetime) -> list[str]:
    sent = clock.due(now)
    for task in sent:
        clock.note_sent(task, now)
    return [task.name for task in sent]


def test_a_tick_that_waits_for_a_worker_is_sent_again_when_it_expired(
    clock, monkeypatch
):
    assert send(clock, NOW) == ["chores.pulse", "chores.often"]
    assert send(clock, NOW + SECOND) == []
    assert send(clock, NOW + 10 * SECOND) == ["chores.pulse"]
    monkeypatch.setattr("core.clock.TICK_EXPIRES", 0)
    assert send(clock, NOW + 11 * SECOND) == ["chores.often"]


def test_a_tick_that_was_not_sent_is_still_due(clock):
    assert clock.due(NOW) == clock.due(NOW) == [PULSE, OFTEN]


def test_no_tick_is_sent_for_a_task_that_runs_or_is_completed(clock):
    TaskSchedule.objects.claim(OFTEN, NOW)
    assert send(clock, NOW) == ["chores.pulse"]
    assert run(OFTEN, NOW + LEASE)
    assert send(clock, NOW + LEASE) == ["chores.pulse"]


def test_a_clock_that_was_set_back_delays_no_tick(clock):
    send(clock, NOW)
    run(OFTEN, NOW)
    assert send(clock, NOW - DAY) == ["chores.pulse", "chores.often"]


def test_ticks_expire_before_a_lease_does():
    """Otherwise a worker would receive two ticks for an unfinished slot."""
    assert timedelta(seconds=TICK_EXPIRES) < LEASE
