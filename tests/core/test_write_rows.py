"""Rows that are written with one statement, past the ORM."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.db.bulk import refresh_statistics, write_rows
from tests.conftest import NOW
from todos.models import Todo


def make(todo_list, **fields):
    todo = Todo(list=todo_list, content="Ångström, 埃", rank="a1", **fields)
    todo.uid = str(todo.pk)
    todo.stamp(by=None, at=NOW)
    return todo


@pytest.mark.parametrize("count", [1, 3])
def test_rows_are_stored_with_their_computed_columns(todo_list, count):
    rows = [make(todo_list) for _ in range(count)]
    write_rows(rows)
    assert not any(row._state.adding for row in rows)
    for row in rows:
        stored = Todo.objects.get(pk=row.pk)
        assert stored.search_key == "angstrom, 埃"
        for field in Todo._meta.concrete_fields:
            assert getattr(stored, field.attname) == getattr(row, field.attname)


@pytest.mark.parametrize("count", [1, 3])
def test_a_broken_constraint_is_the_same_error_as_of_the_orm(todo, todo_list, count):
    rows = [make(todo_list, id=todo.pk), *(make(todo_list) for _ in range(count - 1))]
    with pytest.raises(IntegrityError), transaction.atomic():
        write_rows(rows)
    assert Todo.objects.count() == 1


def test_no_rows_are_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        write_rows([])


def test_statistics_may_take_longer_than_a_statement(db):
    with CaptureQueriesContext(connection) as queries:
        refresh_statistics(Todo)
    statements = [query["sql"] for query in queries]
    assert 'ANALYZE "todos_todo"' in statements
    if connection.vendor == "postgresql":
        assert statements[0] == "SET statement_timeout = 0"
        assert statements[-1] == "RESET statement_timeout"
