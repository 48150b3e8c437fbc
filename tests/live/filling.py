"""Bulk todos of one user, inserted and removed with SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.live.stack import Stack
from tests.todos.million import START, TODOS

INBOX = """
SELECT todos_todolist.id::text, accounts_user.id::text
FROM todos_todolist JOIN accounts_user ON accounts_user.id = inbox_of_id
WHERE username = %s
"""
SEARCH_INDEX = "SELECT indexdef FROM pg_indexes WHERE indexname = 'todo_search'"
# No other todos are as old as START.
REMOVE = "DELETE FROM todos_todo WHERE list_id = %s AND created_at < '2025-01-01'"
# No trigger of a foreign key looks at each row: what they refer to is there.
UNCHECKED = "SET session_replication_role = replica"


@contextmanager
def connected(stack: Stack, user: str) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the database of the service, outside transactions."""
    place = str(stack.places.postgresql)
    with psycopg.connect(
        host=place, user=user, dbname="todo", autocommit=True
    ) as connection:
        yield connection


@contextmanager
def filled(stack: Stack, username: str, count: int) -> Iterator[None]:
    """Let the inbox of a person hold so many todos more, as long as the block lasts."""
    [(inbox, owner)] = stack.sql(INBOX, username)
    values = {"lists": [inbox], "owner": owner, "assignee": owner, "start": START}
    with connected(stack, "postgres") as connection:
        connection.execute(UNCHECKED)
        [(index,)] = connection.execute(SEARCH_INDEX)
        connection.execute("DROP INDEX todo_search")  # built once is quicker
        connection.execute(TODOS, values | {"first": 1, "last": count})
        connection.execute(index)
        connection.execute("VACUUM ANALYZE todos_todo")
        try:
            yield
        finally:
            connection.execute(REMOVE, [inbox])
            connection.execute("VACUUM ANALYZE todos_todo")
