"""Prepare the database for loading very many rows, and for queries afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from core.db.bulk import refresh_statistics
from core.models import Event
from todos.models import Comment, Label, Membership, Todo, TodoList

TABLES = (
    TodoList,
    Membership,
    Label,
    Todo,
    Todo.labels.through,
    Comment,
    Event,
)


@contextmanager
def bulk_loading() -> Iterator[None]:
    """Index texts in larger batches; finally merge them and update statistics."""
    is_postgresql = connection.vendor == "postgresql"
    if is_postgresql:
        _execute("SET gin_pending_list_limit = '64MB'")
    try:
        yield
    finally:
        if is_postgresql and not connection.needs_rollback:
            _execute("RESET gin_pending_list_limit")
            _execute("SELECT gin_clean_pending_list('todo_search'::regclass)")
    refresh_statistics(*TABLES)


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
