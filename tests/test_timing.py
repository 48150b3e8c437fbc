"""Slow statements are logged with their plans, but without user content."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction

from core.timeouts import no_statement_timeout
from todo_project.observability import timing
from todo_project.observability.logs import JsonFormatter
from todo_project.observability.timing import (
    measured,
    watch_connection,
    without_literals,
)
from todos.models import Todo

WORD = "rumpelstiltskin"
NASTY = [
    WORD,
    f"it's {WORD}",
    f'"{WORD}" \'{WORD}',
    f"\\' {WORD}",
    f"E'\\\\' {WORD}",
    f"two\nlines '' {WORD}",
    f"$$ {WORD} $1 %s",
]


@pytest.fixture(autouse=True)
def _no_plans_yet() -> Iterator[None]:
    timing._plans.clear()
    yield
    timing._plans.clear()


@pytest.fixture
def slow(settings, caplog, monkeypatch):
    """Treat every statement as slow; return a function that returns the log records."""
    monkeypatch.setattr(timing, "PLAN_TIMEOUT", 60_000)  # for a busy machine
    settings.SLOW_QUERY_MS = 0.000_001
    caplog.set_level(logging.WARNING)

    def logged():
        return [r for r in caplog.records if r.message == "slow query"]

    return logged


def ask(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def test_work_without_a_timeout_is_not_logged_as_slow(db, slow):
    with no_statement_timeout():
        ask("SELECT 1")
    assert slow() == []


@pytest.mark.parametrize("text", NASTY)
def test_search_terms_are_not_logged(todo, slow, text):
    list(Todo.objects.filter(content__contains=text, rank__gt=text).order_by("rank"))
    (record,) = slow()
    assert WORD not in JsonFormatter().format(record)
    assert "LIKE" in record.sql
    assert "todos_todo" in record.plan


def test_search_requests_do_not_log_their_terms(owner_api, todo, slow):
    assert owner_api.get("/api/v1/todos", {"search": WORD}).status_code == 200
    assert slow()
    for record in slow():
        assert WORD not in JsonFormatter().format(record)


def test_an_update_is_logged_without_the_content(todo, slow):
    Todo.objects.filter(pk=todo.pk).update(content=WORD)
    record = slow()[-1]
    assert record.sql.startswith("UPDATE")
    assert record.plan
    assert record.rows == 1
    assert WORD not in JsonFormatter().format(record)


@pytest.mark.django_db
def test_a_failed_statement_is_logged_without_a_plan(slow):
    with pytest.raises(DatabaseError), transaction.atomic():
        ask("SELECT * FROM nowhere WHERE name = %s", WORD)
    record = next(r for r in slow() if "nowhere" in r.sql)
    assert record.failed
    assert not hasattr(record, "plan")
    assert WORD not in JsonFormatter().format(record)


@pytest.mark.django_db
def test_literals_in_a_statement_are_not_logged(slow):
    ask(f"SELECT '{WORD}' AS \"it's\"")
    assert slow()[-1].sql == 'SELECT ? AS "it\'s"'


@pytest.mark.django_db
def test_only_a_few_plans_are_made_in_a_minute(slow):
    for _ in range(timing.PLANS_PER_MINUTE + 2):
        ask("SELECT 1 WHERE 1 = %s", 2)
    planned = [hasattr(record, "plan") for record in slow()]
    assert planned.count(True) == timing.PLANS_PER_MINUTE
    assert planned[-2:] == [False, False]


@pytest.mark.django_db
def test_nothing_is_logged_when_disabled(settings, slow):
    settings.SLOW_QUERY_MS = 0
    ask("SELECT 1")
    assert not slow()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("inside", [True, False])
def test_explaining_a_statement_does_not_affect_the_work(
    todo, slow, on_postgresql, inside
):
    def work():
        Todo.objects.filter(pk=todo.pk).update(content="changed")
        rows = Todo.objects.filter(content="changed").iterator(chunk_size=1)
        assert [row.pk for row in rows] == [todo.pk]
        return ask("SHOW statement_timeout") if on_postgresql else []

    if inside:
        with transaction.atomic():
            timeout = work()
    else:
        timeout = work()
    assert timeout == ([("5s",)] if on_postgresql else [])
    planned = [hasattr(r, "plan") for r in slow() if "todos_todo" in r.sql]
    assert planned == [True, True]
    todo.refresh_from_db()
    assert todo.content == "changed"
    assert not connection.in_atomic_block


@pytest.mark.django_db
def test_statements_count_once_even_on_a_watched_connection():
    watch_connection(connection=connection)
    with measured() as work:
        ask("SELECT 1")
    assert work.statements == 1
    assert 0 < work.database < work.total()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 'x'::text AND b = 5", "a = ?::text AND b = 5"),
        (r"a = E'x\\''y' OR TRUE", "a = ? OR TRUE"),
        ("\"it's\" = 'x'", '"it\'s" = ?'),
        ("a ~~ '%o''c%'::text\nSort", "a ~~ ?::text\nSort"),
    ],
)
def test_literals_become_question_marks(text, expected):
    assert without_literals(text) == expected
