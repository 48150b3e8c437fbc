"""Timeouts apply inside their block, and the defaults are restored after it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection

from core.timeouts import (
    answer_timeout,
    current_answer_timeout,
    no_statement_timeout,
    without_waiting,
)

pytestmark = pytest.mark.django_db
SHOW = {
    "sqlite": "PRAGMA busy_timeout",  # milliseconds
    "postgresql": "SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'",
}


def ask(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def statement_timeout() -> int:
    """Return the server's timeout in milliseconds; SQLite has none."""
    if connection.vendor == "sqlite":
        return 0
    return ask("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")


def test_answers_have_the_timeout_of_the_innermost_block():
    assert current_answer_timeout() == settings.ANSWER_TIMEOUT
    with answer_timeout(3):
        with answer_timeout(1):
            assert current_answer_timeout() == 1
        assert current_answer_timeout() == 3
    assert current_answer_timeout() == settings.ANSWER_TIMEOUT


def test_without_a_statement_timeout_neither_side_ends_a_statement():
    usual = statement_timeout()
    with no_statement_timeout():
        assert (statement_timeout(), current_answer_timeout()) == (0, None)
    assert statement_timeout() == usual
    assert current_answer_timeout() == settings.ANSWER_TIMEOUT


def test_locks_are_not_waited_for_inside_the_block():
    usual = ask(SHOW[connection.vendor])
    assert usual == settings.LOCK_TIMEOUT * 1000
    with without_waiting():
        assert ask(SHOW[connection.vendor]) <= 1
    assert connection.in_atomic_block or ask(SHOW[connection.vendor]) == usual
