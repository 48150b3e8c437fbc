"""With 300,000 todos of many users, no page scans them all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.timeouts import no_statement_timeout
from tests.admin.cast import address
from tests.conftest import browser_for, make_person
from tests.plans import faults, plan_of, plans_of, rows_read
from tests.todos.million import empty_tables
from todos.models import TodoList
from todos.services.lists import add_list

LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
RECENTLY = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 300_000
OLD_ROWS = 300
MOST_READ = 5_000

INSERT = """
INSERT INTO todos_todo (
    id, created_at, updated_at, version, list_id, uid, content, notes, search_key,
    priority, due_on, due_zone, rank, is_finished, finished_at, assignee_id
)
SELECT gen_random_uuid(), %(since)s + n * interval '1 minute',
    %(since)s + n * interval '1 minute', 1,
    (%(lists)s)[1 + n %% %(count)s], gen_random_uuid()::text,
    'todo ' || n, '', 'todo ' || n, chance %% 4, due, '',
    'a' || n, chance %% 3 = 0, CASE WHEN chance %% 3 = 0 THEN now() END, %(assignee)s
FROM (SELECT n, chance,
        CASE WHEN chance %% 2 = 0 THEN current_date - 200 + chance %% 400 END AS due
      FROM (SELECT n, (n::bigint * 7919 %% 1000003)::int AS chance
            FROM generate_series(1, %(rows)s) AS n) AS numbers) AS dated
"""


pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _many_todos(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Todos for all tests of this module, deleted afterwards."""
    with django_db_blocker.unblock():
        try:
            write_todos()
            yield
        finally:
            empty_tables()


@transaction.atomic
def write_todos() -> None:
    """Add todos for many users, and a few older ones for one user."""
    crowd = make_person("crowd")
    person = make_person("unlucky", "administrator", "member")
    own, others = _lists(person, 5), _lists(crowd, 30)
    with no_statement_timeout(), connection.cursor() as cursor:
        # Without foreign key triggers: the referenced rows exist.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'todo_search'"
        )
        (index,) = cursor.fetchone()
        cursor.execute("DROP INDEX todo_search")  # building it once is faster
        _fill(cursor, own, OLD_ROWS, LONG_AGO, person)
        _fill(cursor, others, ROWS, RECENTLY, crowd)
        cursor.execute(index)
        TodoList.objects.count_todos()
        cursor.execute("ANALYZE todos_todo, todos_todolist, todos_membership")


def _lists(user: User, count: int) -> list[TodoList]:
    return [add_list(actor=user, name=f"list {n}", now=RECENTLY) for n in range(count)]


def _fill(
    cursor: Any, lists: list[TodoList], rows: int, since: datetime, owner: User
) -> None:
    values = {
        "since": since,
        "lists": [row.pk for row in lists],
        "count": len(lists),
        "rows": rows,
        "assignee": owner.pk,
    }
    cursor.execute(INSERT, values)


def pages_for(user: User) -> list[str]:
    table = address("todos_todo_changelist")
    mine = TodoList.objects.get(name="list 1", memberships__user=user)
    queries = [
        "",
        "?state=all",
        "?state=finished",
        "?due=overdue",
        "?due=today",
        "?due=week",
        "?due=next_week",
        "?due_from=2026-01-01&due_to=2026-01-03",
        "?state=finished&due=week",
        "?due=none",
        "?who=mine",
        "?who=none",
        "?priority=3",
        f"?list={mine.pk}",
        "?o=4",
        "?o=-4",
        "?o=5",
        "?q=todo+299",
    ]
    pages = [table + query for query in queries]
    return pages + [
        address(name) for name in ("index", "todos_todo_trash", "todos_todo_add")
    ]


@pytest.mark.parametrize("name", ["unlucky", "crowd"])
def test_no_page_scans_the_todos_of_all_users(name):
    user = User.objects.get(username=name)
    browser = browser_for(user)
    for page in pages_for(user):
        # A term that many of the user's todos contain is searched in all of them, and
        # no index finds the todos that are assigned to nobody.
        reads_own = "?q=" in page or "?who=none" in page
        bound = ROWS if reads_own else MOST_READ
        for sql, plan in plans_of(browser, page).items():
            read = rows_read(plan, "todos_todo")
            assert read < bound, f"{page}: {read} todos\n{sql}"
            assert faults(plan) == [], page


def test_every_page_of_a_large_changelist_costs_the_same():
    """The last page costs as much as the first one."""
    crowd = User.objects.get(username="crowd")
    browser = browser_for(crowd)
    page = "?o=-4&state=all"
    for _ in range(4):
        with CaptureQueriesContext(connection) as captured:
            response = browser.get(address("todos_todo_changelist") + page)
        page = response.context["cl"].next_page
        reads = [
            rows_read(plan_of(query["sql"]), "todos_todo")
            for query in captured.captured_queries
            if "AS place" in query["sql"]
        ]
        assert reads
        assert max(reads) < MOST_READ
