"""Statements on a hanging database time out, and the next request reconnects."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction
from psycopg import OperationalError as OperationalErrorOfDriver
from psycopg.errors import ConnectionTimeout

from core.db.postgresql.base import BoundedConnection, _Driver
from core.timeouts import answer_timeout, no_statement_timeout
from todos.models import TodoList

SLEEP = "SELECT pg_sleep(60)"
END_SLEEPERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _server_ends_nothing() -> Iterator[None]:
    """Disable the server's statement timeout, as if the server were hanging."""
    ask("SET statement_timeout = 0")
    yield
    connection.close()
    ask(END_SLEEPERS)  # they would hold their locks during the next tests


def ask(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@transaction.atomic
def rename_and_wait() -> None:
    TodoList.objects.update(name="Never")
    ask(SLEEP)


def test_every_connection_is_bounded():
    assert type(connection.connection) is BoundedConnection
    connection.close()
    ask("SELECT 1")
    assert type(connection.connection) is BoundedConnection


def test_a_statement_without_an_answer_is_given_up_in_time():
    begin = time.monotonic()
    with answer_timeout(0.2), pytest.raises(OperationalError, match="No answer within"):
        ask(SLEEP)
    assert 0.2 <= time.monotonic() - begin < 30


def test_the_transaction_is_rolled_back_and_the_next_statement_connects_again(
    todo_list,
):
    with answer_timeout(0.2), pytest.raises(OperationalError, match="No answer within"):
        rename_and_wait()
    assert not TodoList.objects.filter(name="Never").exists()


def test_without_a_statement_timeout_answers_take_as_long_as_they_need():
    with answer_timeout(0.2), no_statement_timeout():
        ask("SELECT pg_sleep(0.5)")


def test_the_timeout_starts_again_with_each_statement():
    with answer_timeout(2):
        for _ in range(4):
            ask("SELECT pg_sleep(0.6)")


@transaction.atomic
def sleep_with_server_side_cursor() -> None:
    with connection.chunked_cursor() as cursor:
        cursor.execute(SLEEP)
        cursor.fetchall()


def test_a_server_side_cursor_is_given_up_in_time_too():
    with answer_timeout(0.2), pytest.raises(OperationalError, match="No answer within"):
        sleep_with_server_side_cursor()


@pytest.fixture
def hanging(tmp_path) -> Iterator[str]:
    """The folder of a server's socket that accepts connections and never answers."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / ".s.PGSQL.5432"))
        listening.listen()
        yield str(tmp_path)


def test_after_an_attempt_to_connect_that_timed_out_others_fail_at_once(hanging):
    driver = _Driver()
    options = {"host": hanging, "connect_timeout": 2}  # the minimum of libpq
    with pytest.raises(ConnectionTimeout):
        driver.connect(**options)
    begin = time.monotonic()
    for _ in range(100):
        with pytest.raises(OperationalErrorOfDriver, match="a moment ago"):
            driver.connect(**options)
    assert time.monotonic() - begin < 1
    driver.refused_until = time.monotonic()
    with pytest.raises(ConnectionTimeout):
        driver.connect(**options)
