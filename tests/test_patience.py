"""A database that says nothing is given up, and asked again by the next one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction

from core.db.connections import patient_for
from core.timeouts import unhurried
from todos.models import TodoList

SLEEP = "SELECT pg_sleep(60)"
END_SLEEPERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _endless() -> Iterator[None]:
    """Let the server end no statement, as one that hangs does not."""
    ask("SET statement_timeout = 0")
    yield
    connection.close()
    ask(END_SLEEPERS)  # or they would keep what they hold from the tests that follow


def ask(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@transaction.atomic
def rename_and_wait() -> None:
    TodoList.objects.update(name="Never")
    ask(SLEEP)


def test_what_is_not_answered_is_given_up_in_time():
    begin = time.monotonic()
    with patient_for(0.2), pytest.raises(OperationalError, match="No answer within"):
        ask(SLEEP)
    assert 0.2 <= time.monotonic() - begin < 30


def test_what_was_begun_is_undone_and_the_next_one_asks_anew(todo_list):
    with patient_for(0.2), pytest.raises(OperationalError, match="No answer within"):
        rename_and_wait()
    assert not TodoList.objects.filter(name="Never").exists()


def test_who_is_in_no_hurry_waits_for_as_long_as_it_takes():
    with patient_for(0.2), unhurried():
        ask("SELECT pg_sleep(0.5)")


def test_each_answer_has_its_own_time():
    with patient_for(5):
        for _ in range(4):
            ask("SELECT pg_sleep(1.5)")
