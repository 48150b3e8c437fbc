"""What PostgreSQL has planned for a connection does not outlive it or its columns."""

from __future__ import annotations

import pytest
from django.db import connection

from core.db.statements import compiled
from todos.models import Todo, TodoList

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_statement_survives_a_migration_that_changes_a_column(todo_list):
    statement = compiled(TodoList.objects.values_list("name"))
    before = statement.rows()
    assert (todo_list.name,) in before
    other = connection.copy()  # on its own, the driver would prepare again
    with other.cursor() as cursor:
        cursor.execute("ALTER TABLE todos_todolist ALTER name TYPE text")
        try:
            assert statement.rows() == before
            assert statement.rows() == before
        finally:
            cursor.execute("ALTER TABLE todos_todolist ALTER name TYPE varchar(200)")
    other.close()


def test_a_connection_that_the_server_has_ended_is_replaced_before_its_use(todo):
    statement = compiled(Todo.objects.values_list("content"))
    statement.rows()
    ended = connection.copy()
    with ended.cursor() as other:
        pid = connection.connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    ended.close()
    connection.close_if_unusable_or_obsolete()  # as at the start of a request
    assert statement.rows() == [(todo.content,)]
    assert connection.connection.info.backend_pid != pid
