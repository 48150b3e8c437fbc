"""Pages of todos, merged from the first rows of each list (PostgreSQL).

An index serves one list in one order. For many lists at once the planner would scan an
index over all todos until it finds enough of the person's own, which may all be old:
see docs/decisions/0002.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from core.db.statements import Param
from core.scoping import FAR, Order, Position
from todos.counters import COUNTERS

SQL = tuple[str, tuple[Any, ...]]

# With more lists, planning the statement that names them takes too long.
FEW_LISTS = 20
FEW_LISTS_IF_FAR = 200
LONG = 1_000  # todos of a list that is named also if there are many lists
# Stand for the list and the state among the parameters of a branch.
_LIST, _STATE = object(), object()
_GIVEN = (RawSQL("%s", (_LIST,)), RawSQL("%s", (_STATE,)))
_JOINED = (RawSQL('"branch"."list_id"', ()), RawSQL('"branch"."is_finished"', ()))
# Each list in each state: what an index of todos serves.
_BRANCHES = """
    SELECT lists.id AS list_id, state.is_finished FROM ({lists}) AS lists (id)
    CROSS JOIN (VALUES (FALSE), (TRUE)) AS state (is_finished)
"""


def page_ids(
    todos: Any, order: Order, after: Position | None, offset: int, limit: int
) -> RawSQL:
    """Return the ids of a page: a branch for each list and state, merged.

    The statement names few lists, or of many the long ones. So PostgreSQL knows how
    many todos each of them has, and it merges even the branches of a far page without
    sorting them, which it could do only on disk. A statement that is compiled for all
    people cannot name lists. If PostgreSQL does not know the length of lists, it
    assumes that they are short, and reads all todos that a filter keeps: right if these
    are few.
    """
    few = FEW_LISTS if offset < FAR else FEW_LISTS_IF_FAR
    is_joined = isinstance(todos.viewer, Param) or todos.keeps_few
    named, has_others = ([], True) if is_joined else _lists_to_name(todos, few)
    branches = _branches_of(todos, named, order, after, offset + limit)
    if has_others:
        rows = _rows_of_branch(todos, *_JOINED)
        branch = _first_rows(rows, order, after, offset + limit)
        branches.append(_joined(branch, todos, without=named))
    union = " UNION ALL ".join(f"({sql})" for sql, _params in branches)
    way = "DESC" if order.descending else "ASC"
    page = f"""
        SELECT place.id FROM ({union}) AS place (id, position)
        ORDER BY place.position {way}, place.id {way}
        LIMIT {int(limit)} OFFSET {int(offset)}
    """  # noqa: S608  (every part was compiled by the ORM)
    params = tuple(param for _sql, params in branches for param in params)
    return RawSQL(page, params)  # noqa: S611


def counted(todos: Any, limit: int) -> SQL:
    """Return the statement that counts the rows of each list, up to a limit."""
    rows = _rows_of_branch(todos, *_JOINED).order_by().values("pk")[:limit]
    lists_sql, lists_params = _compiled(_lists_of(todos))
    branch_sql, branch_params = _compiled(rows)
    sql = f"""
        SELECT count(*) FROM (
            SELECT 1 FROM ({_BRANCHES.format(lists=lists_sql)}) AS branch
            CROSS JOIN LATERAL ({branch_sql}) AS place (id) LIMIT {int(limit)}
        ) AS counted
    """  # noqa: S608  (every part was compiled by the ORM)
    return sql, (*lists_params, *branch_params)


def _lists_to_name(todos: Any, few: int) -> tuple[list[Any], bool]:
    """Return the lists that the statement names, and whether there are others."""
    length = reduce(add, map(F, COUNTERS.values()))
    lists = _lists_of(todos).order_by(length.desc(), "pk").values_list("pk", length)
    found = list(lists[: few + 1])
    if len(found) <= few:
        return [pk for pk, _length in found], not found
    return [pk for pk, length in found[:few] if length >= LONG], True


def _branches_of(
    todos: Any, lists: Sequence[Any], order: Order, after: Position | None, limit: int
) -> list[SQL]:
    """Return the branches of these lists, in each state."""
    rows = _rows_of_branch(todos, *_GIVEN)
    sql, params = _first_rows(rows, order, after, limit)
    given = [(pk, is_finished) for pk in lists for is_finished in (False, True)]
    return [(sql, tuple(_filled(one, *values) for one in params)) for values in given]


def _filled(param: Any, list_id: Any, is_finished: bool) -> Any:
    if param is _LIST:
        return list_id
    return is_finished if param is _STATE else param


def _joined(branch: SQL, todos: Any, *, without: Sequence[Any]) -> SQL:
    """Return the branches of all lists that the person sees, but for the named ones."""
    lists_sql, lists_params = _compiled(_lists_of(todos).exclude(pk__in=without))
    branch_sql, branch_params = branch
    sql = f"""
        SELECT place.id, place.position
        FROM ({_BRANCHES.format(lists=lists_sql)}) AS branch
        CROSS JOIN LATERAL ({branch_sql}) AS place (id, position)
    """  # noqa: S608  (every part was compiled by the ORM)
    return sql, (*lists_params, *branch_params)


def _lists_of(todos: Any) -> QuerySet[Any, Any]:
    lists = todos.model._meta.get_field("list").related_model._default_manager
    ids: QuerySet[Any, Any] = lists.visible_to(todos.viewer).order_by()
    return ids.values_list("pk", flat=True)


def _rows_of_branch(todos: Any, list_id: RawSQL, is_finished: RawSQL) -> Any:
    return todos.filter(list_id=list_id, is_finished=is_finished)


def _first_rows(rows: Any, order: Order, after: Position | None, limit: int) -> SQL:
    if after is not None:
        rows = rows.beyond(order, after)
    return _compiled(rows.order_by(*order.columns).values("pk", order.field)[:limit])


def _compiled(rows: QuerySet[Any, Any]) -> SQL:
    sql, params = rows.query.sql_with_params()
    return sql, tuple(params)
