"""Fill an empty database with todos: one person owns many, many people own few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Role, User
from accounts.services.passwords import hash_password
from accounts.services.people import add_person
from benchmarks.growth import statements
from core.timeouts import no_statement_timeout
from todos.models import TodoList
from todos.services.lists import add_list

COLLECTED = 106_000  # todos of the one person at most, of which 5 % are in the trash
LISTS = 4  # of the one person
EVENTS = 1_000_000  # at most
EACH = 20  # todos of each of the others, in the inbox


def fill(todos: int) -> User:
    """Write this many todos and their people; return the one who owns many.

    At least a tenth of the todos belongs to the others.
    """
    collected = min(COLLECTED, todos * 9 // 10)
    people = (todos - collected) // EACH
    collector = _person("collector")
    values: dict[str, Any] = {
        "since": timezone.now() - timedelta(minutes=todos),
        "people": people,
        "lists": _lists_of(collector),
        "events": EVENTS,
    }
    mine = {"name": "collector", "todos": collected}
    theirs = {"name": "others", "todos": people * EACH}
    with no_statement_timeout(), transaction.atomic(), connection.cursor() as cursor:
        # Without the triggers of foreign keys: all rows that are referred to exist.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for statement in statements.OWNERS:
            cursor.execute(statement, values)
        with _without_indexes(cursor):
            cursor.execute(statements.TODOS_OF_ONE, values | mine)
            cursor.execute(statements.TODOS_OF_OTHERS, values | theirs)
        for statement in statements.BESIDE_TODOS:
            cursor.execute(statement, values)
    with no_statement_timeout(), connection.cursor() as cursor:
        TodoList.objects.count_todos()
        cursor.execute("VACUUM ANALYZE")
    return collector


def _person(name: str) -> User:
    roles: Any = Role.objects.filter(name="member")
    return add_person(
        actor=None,
        username=name,
        password_hash=hash_password(None),
        now=timezone.now(),
        roles=roles,
    )


def _lists_of(person: User) -> list[UUID]:
    now = timezone.now()
    names = (f"List {n}" for n in range(1, LISTS + 1))
    return [add_list(actor=person, name=name, now=now).pk for name in names]


@contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Build the indexes afterwards, which is faster."""
    cursor.execute(statements.INDEXES)
    indexes = dict(cursor.fetchall())
    cursor.execute(f"DROP INDEX {', '.join(indexes)}")
    yield
    for definition in indexes.values():
        cursor.execute(definition)
