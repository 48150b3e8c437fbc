"""What is slow is told, with its plan and without what anybody wrote."""

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
    """Find every statement slow; return what was told of them so far."""
    monkeypatch.setattr(timing, "PLAN_TIMEOUT", 60_000)  # a busy machine takes its time
    settings.SLOW_QUERY_MS = 0.000_001
    caplog.set_level(logging.WARNING)

    def told():
        return [r for r in caplog.records if r.message == "slow query"]

    return told


def ask(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def test_long_work_is_not_told_to_be_slow(db, slow):
    with no_statement_timeout():
        ask("SELECT 1")
    assert slow() == []


@pytest.mark.parametrize("text", NASTY)
def test_what_is_searched_for_never_reaches_the_log(todo, slow, text):
    list(Todo.objects.filter(content__contains=text, rank__gt=text).order_by("rank"))
    (record,) = slow()
    assert WORD not in JsonFormatter().format(record)
    assert "LIKE" in record.sql
    assert "todos_todo" in record.plan


def test_no_page_of_a_search_tells_what_was_searched_for(owner_api, todo, slow):
    assert owner_api.get("/api/v1/todos", {"search": WORD}).status_code == 200
    assert slow()
    for record in slow():
        assert WORD not in JsonFormatter().format(record)


def test_a_changed_row_is_told_without_its_content(todo, slow):
    Todo.objects.filter(pk=todo.pk).update(content=WORD)
    record = slow()[-1]
    assert record.sql.startswith("UPDATE")
    assert record.plan
    assert record.rows == 1
    assert WORD not in JsonFormatter().format(record)


@pytest.mark.django_db
def test_what_fails_is_told_without_a_plan(slow):
    with pytest.raises(DatabaseError), transaction.atomic():
        ask("SELECT * FROM nowhere WHERE name = %s", WORD)
    record = next(r for r in slow() if "nowhere" in r.sql)
    assert record.failed
    assert not hasattr(record, "plan")
    assert WORD not in JsonFormatter().format(record)


@pytest.mark.django_db
def test_a_literal_in_the_statement_itself_is_left_out(slow):
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
def test_nothing_is_told_when_it_is_off(settings, slow):
    settings.SLOW_QUERY_MS = 0
    ask("SELECT 1")
    assert not slow()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("inside", [True, False])
def test_a_plan_leaves_no_trace_in_the_work(todo, slow, on_postgresql, inside):
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
def test_statements_count_once_even_over_a_connection_made_anew():
    watch_connection(connection=connection)
    with measured() as work:
        ask("SELECT 1")
    assert work.statements == 1
    assert 0 < work.database < work.total()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 'x'::text AND b = 5", "a = ?::text AND b = 5"),
        (r"a = E'x\\''y' OR TRUE", "a = ? OR TRUE"),
        ("\"it's\" = 'x'", '"it\'s" = ?'),
        ("a ~~ '%o''c%'::text\nSort", "a ~~ ?::text\nSort"),
    ],
)
def test_literals_become_question_marks(text, told):
    assert without_literals(text) == told
