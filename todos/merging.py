"""Pages of todos, merged from the first rows of each list (PostgreSQL).

An index serves one list in one order. For many lists at once the planner would scan an
index over all todos until it finds enough of the person's own, which may all be old:
see docs/decisions/0002.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from core.scoping import Order

SQL = tuple[str, tuple[Any, ...]]

# Each list in each state: what an index of todos serves.
_BRANCHES = """
    SELECT lists.id AS list_id, state.is_finished FROM ({lists}) AS lists (id)
    CROSS JOIN (VALUES (FALSE), (TRUE)) AS state (is_finished)
"""


def merged(
    todos: Any, order: Order, after: tuple[Any, Any] | None, offset: int, limit: int
) -> RawSQL:
    """Return the ids of a page: a branch for each list and state, merged."""
    rows = _rows_of_branch(todos)
    if after is not None:
        rows = rows.beyond(order, after)
    rows = rows.order_by(*order.columns).values("pk", order.field)[: offset + limit]
    lists_sql, lists_params = _visible_lists(todos)
    branch_sql, branch_params = _compiled(rows)
    way = "DESC" if order.descending else "ASC"
    sql = f"""
        SELECT place.id FROM ({_BRANCHES.format(lists=lists_sql)}) AS branch
        CROSS JOIN LATERAL ({branch_sql}) AS place (id, position)
        ORDER BY place.position {way}, place.id {way}
        LIMIT {int(limit)} OFFSET {int(offset)}
    """  # noqa: S608  (every part was compiled by the ORM)
    return RawSQL(sql, (*lists_params, *branch_params))  # noqa: S611


def counted(todos: Any, limit: int) -> SQL:
    """Return the statement that counts the rows of each list, up to a limit."""
    rows = _rows_of_branch(todos).order_by().values("pk")[:limit]
    lists_sql, lists_params = _visible_lists(todos)
    branch_sql, branch_params = _compiled(rows)
    sql = f"""
        SELECT count(*) FROM (
            SELECT 1 FROM ({_BRANCHES.format(lists=lists_sql)}) AS branch
            CROSS JOIN LATERAL ({branch_sql}) AS place (id) LIMIT {int(limit)}
        ) AS counted
    """  # noqa: S608  (every part was compiled by the ORM)
    return sql, (*lists_params, *branch_params)


def _visible_lists(todos: Any) -> SQL:
    lists = todos.model._meta.get_field("list").related_model._default_manager
    return _compiled(lists.visible_to(todos.viewer).order_by().values("pk"))


def _rows_of_branch(todos: Any) -> Any:
    return todos.filter(
        list_id=RawSQL('"branch"."list_id"', ()),
        is_finished=RawSQL('"branch"."is_finished"', ()),
    )


def _compiled(rows: QuerySet[Any, Any]) -> SQL:
    sql, params = rows.query.sql_with_params()
    return sql, tuple(params)
