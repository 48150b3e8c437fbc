"""A million todos, written by PostgreSQL itself in less than a minute.

Four people look at them: one with a single huge list, one with two hundred lists, one
whose few todos are all old, and the crowd that owns the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import User
from core.ids import new_id
from core.models import Event
from core.timeouts import no_statement_timeout
from todos.models import Label, Membership, Todo, TodoList
from todos.ranks import ranks_spread

START = datetime(2020, 1, 1, tzinfo=UTC)
HUGE, MANY, CROWD = 500_000, 50_000, 450_000
LISTS_OF_MANY, LISTS_OF_CROWD = 200, 1_000

# Todo number n of a list range. Words follow a skewed choice: one in all, one in every
# thousandth, one in every hundred-thousandth todo.
TODOS = """
INSERT INTO todos_todo (
    id, created_at, updated_at, version, uid, content, notes, search_key, priority,
    due_zone, due_on, due_sort, rank, is_finished, finished_at, deleted_at, list_id,
    assignee_id, created_by_id
)
SELECT
    id, made, made, 1, id::text, words, '', words,
    CASE WHEN n %% 10 = 0 THEN 1 + n %% 3 ELSE 0 END,
    '', due, coalesce(due + interval '1 day', '9999-12-31') AT TIME ZONE 'UTC',
    'c' || lpad(n::text, 4, '0') || lpad((n::bigint * 7919 %% 1000003)::text, 7, '0'),
    n %% 3 = 0, CASE WHEN n %% 3 = 0 THEN made END,
    CASE WHEN n %% 20 = 7 THEN made + interval '1 day' END,
    list, CASE WHEN n %% 1000 = 1 THEN %(assignee)s::uuid END, %(owner)s::uuid
FROM (
    SELECT n, gen_random_uuid() AS id, %(start)s + n * interval '1 minute' AS made,
        CASE WHEN n %% 2 = 0
             THEN date '2026-01-01' + (n::bigint * 7919 %% 4000)::int END AS due,
        'water 每天 ' || n
        || CASE WHEN n %% 1000 = 0 THEN ' 好好学习' ELSE '' END
        || CASE WHEN n %% 100000 = 5 THEN ' zanzibar' ELSE '' END AS words,
        (%(lists)s::uuid[])[1 + n %% array_length(%(lists)s::uuid[], 1)] AS list
    FROM generate_series(%(first)s, %(last)s) AS n
) AS numbered
"""


@dataclass
class Million:
    """Who and what the queries are asked about."""

    unlucky: User
    many: User
    huge: User
    huge_list: TodoList
    label: Label


def write_million(make_person: Any) -> Million:
    """Fill the database and gather its statistics."""
    people = {name: make_person(name) for name in ("unlucky", "many", "huge", "crowd")}
    unlucky = _lists(people["unlucky"], 3)
    many = _lists(people["many"], LISTS_OF_MANY)
    huge = _lists(people["huge"], 1)
    crowd = _lists(people["crowd"], LISTS_OF_CROWD)
    indexes = _drop_indexes()
    with no_statement_timeout(), connection.cursor() as cursor:
        # Without the triggers of foreign keys: the rows below refer to what is there.
        cursor.execute("SET session_replication_role = replica")
        # The unlucky person's todos are older than everybody else's.
        first = 1
        for owner, lists, count in (
            ("unlucky", unlucky, 30),
            ("huge", huge, HUGE),
            ("many", many, MANY),
            ("crowd", crowd, CROWD),
        ):
            user = people[owner].pk
            cursor.execute(
                TODOS,
                {
                    "owner": user,
                    "assignee": user,
                    "lists": [str(pk) for pk in lists],
                    "first": first,
                    "last": first + count - 1,
                    "start": START,
                },
            )
            first += count
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for index in indexes:
            cursor.execute(index)
        cursor.execute("RESET maintenance_work_mem")
        label = _label(huge[0])
        cursor.execute(
            "INSERT INTO todos_todo_labels (todo_id, label_id)"
            " SELECT id, %s FROM todos_todo WHERE list_id = %s AND priority = 3",
            [label.pk, huge[0]],
        )
        # What the server does by itself from time to time.
        own = connection.introspection.django_table_names(only_existing=True)
        cursor.execute(f"VACUUM ANALYZE {', '.join(own)}")
        cursor.execute("RESET session_replication_role")
    return Million(
        unlucky=people["unlucky"],
        many=people["many"],
        huge=people["huge"],
        huge_list=TodoList.objects.get(pk=huge[0]),
        label=label,
    )


def empty_tables() -> None:
    """Take the rows away again."""
    models = (User, Todo, Todo.labels.through, Event)
    tables = ", ".join(model._meta.db_table for model in models)
    with no_statement_timeout(), connection.cursor() as cursor:
        cursor.execute("SET core.events_open = 'on'")
        cursor.execute(f"TRUNCATE {tables} CASCADE")
        cursor.execute("RESET core.events_open")


def _lists(owner: User, count: int) -> list[UUID]:
    lists = [
        TodoList(id=new_id(), name=f"List {n}", created_at=START, updated_at=START)
        for n in range(count)
    ]
    TodoList.objects.bulk_create(lists)
    Membership.objects.bulk_create(
        Membership(
            list=todo_list,
            user=owner,
            role="owner",
            position=rank,
            created_at=START,
            updated_at=START,
        )
        for todo_list, rank in zip(lists, ranks_spread(count), strict=True)
    )
    return [todo_list.pk for todo_list in lists]


def _label(list_id: UUID) -> Label:
    label = Label(list_id=list_id, name="urgent", created_at=START, updated_at=START)
    label.save()
    return label


def _drop_indexes() -> list[str]:
    """Drop the indexes; return how to make them again: built at once is quicker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'todos_todo'"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
        definitions = dict(cursor.fetchall())
        cursor.execute(f"DROP INDEX {', '.join(definitions)}")
    return list(definitions.values())
