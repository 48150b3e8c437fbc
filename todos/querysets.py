"""Queries that the API, the admin and the commands share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.db import connection, models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import RawSQL

from accounts.models import User
from core.scoping import Order, ScopedQuerySet
from todos.due import end_of_day, overdue_bounds

EDITING_ROLES = ("owner", "editor")
# The largest difference between a date in any zone and the same date in UTC.
ZONE_SLACK = timedelta(hours=26)


# Each list in each state: what an index of todos serves.
_BRANCHES = """
    SELECT lists.id AS list_id, state.is_finished FROM ({lists}) AS lists (id)
    CROSS JOIN (VALUES (FALSE), (TRUE)) AS state (is_finished)
"""


class TodoListQuerySet(ScopedQuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Keep the lists that the person is a member of."""
        return self.filter(memberships__user=user, deleted_at=None)

    def editable_by(self, user: User) -> Self:
        return self.filter(
            memberships__user=user, memberships__role__in=EDITING_ROLES, deleted_at=None
        )

    def writable_by(self, user: User) -> Self:
        """Keep the lists in which the user may add and change rows.

        The same rule on a row is `TodoList.is_writable`.
        """
        return self.editable_by(user).filter(is_archived=False)

    def owned_by(self, user: User) -> Self:
        """Keep the lists that the person owns, including trashed ones."""
        return self.filter(memberships__user=user, memberships__role="owner")

    def as_seen_by(self, user: User) -> Self:
        """Keep the lists that the person sees, with their role, position and colour."""
        return self.visible_to(user).with_membership()

    def trashed(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def with_membership(self) -> Self:
        """Add the role, position and colour of the joined membership."""
        return self.annotate(
            role=F("memberships__role"),
            position=F("memberships__position"),
            colour=F("memberships__colour"),
            membership_version=F("memberships__version"),
        )

    def in_own_order(self) -> Self:
        """Sort lists loaded with `with_membership` in the member's own order."""
        return self.order_by("position", "pk")


class OfListQuerySet(ScopedQuerySet[Any]):
    """Rows of a list, visible to its members and editable by its editors."""

    def visible_to(self, user: User) -> Self:
        return self.filter(list__memberships__user=user, list__deleted_at=None)

    def editable_by(self, user: User) -> Self:
        return self.filter(
            list__memberships__user=user,
            list__memberships__role__in=EDITING_ROLES,
            list__deleted_at=None,
        )


class MembershipQuerySet(OfListQuerySet):
    def editable_by(self, user: User) -> Self:
        """Keep the members of the lists that the person owns."""
        mine = self.model._default_manager.filter(user=user).owners()
        return self.filter(list__in=mine.values("list"), list__deleted_at=None)

    def owners(self) -> Self:
        return self.filter(role="owner")

    def in_order_of_succession(self) -> Self:
        """Order the members of a list without an owner: the first becomes the owner.

        The person of an inbox comes first, then active people, then editors, then
        those who have been members for longest.
        """
        has_inbox = Case(When(user=F("list__inbox_of"), then=0), default=1)
        # "editor" sorts before "viewer".
        return self.order_by(has_inbox, "-user__is_active", "role", "created_at", "pk")


class CommentQuerySet(OfListQuerySet):
    """Comments; those of a trashed todo are hidden with it."""

    def visible_to(self, user: User) -> Self:
        return super().visible_to(user).filter(todo__deleted_at=None)

    def editable_by(self, user: User) -> Self:
        """Keep the comments that the user wrote, in lists that they may edit.

        The same rule on a row is `Comment.is_editable_by`.
        """
        rows = super().editable_by(user)
        return rows.filter(todo__deleted_at=None, created_by=user)


class TodoQuerySet(OfListQuerySet):
    """Todos. Pages are merged per list: see `keyset_page`."""

    viewer: User | None = None

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]
        clone.viewer = self.viewer
        return clone  # type: ignore[no-any-return]

    def visible_to(self, user: User) -> Self:
        visible = super().visible_to(user)
        visible.viewer = user
        return visible

    def active(self) -> Self:
        return self.filter(deleted_at=None)

    def trashed(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def open(self) -> Self:
        return self.filter(is_finished=False)

    def finished(self) -> Self:
        return self.filter(is_finished=True)

    def newest(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def without_date(self) -> Self:
        return self.filter(due_on=None)

    def due_between(self, first: date | None, last: date | None) -> Self:
        """Keep todos that are due on a day from `first` to `last`, both included."""
        todos = self
        # `due_sort` uses the index; `due_on` decides: its date is in its own zone.
        if first is not None:
            todos = todos.filter(
                due_on__gte=first, due_sort__gte=end_of_day(first) - ZONE_SLACK * 2
            )
        if last is not None:
            todos = todos.filter(
                due_on__lte=last, due_sort__lte=end_of_day(last) + ZONE_SLACK
            )
        return todos

    def overdue(self, now: datetime) -> Self:
        """Keep open todos that were due before `now`, whose offset sets the day."""
        moment, today = overdue_bounds(now)
        late = Q(due_time__isnull=False, due_sort__lt=moment) | Q(
            due_time=None, due_sort__lte=today
        )
        return self.open().filter(late, due_sort__lte=max(moment, today))

    def labelled(self, label_id: UUID) -> Self:
        # A label belongs to one list, so other lists need not be searched.
        return self.filter(labels=label_id, list__labels=label_id)

    def keyset_page(
        self, order: Order, *, after: tuple[Any, Any] | None, offset: int, limit: int
    ) -> Sequence[Any]:
        """Return a page, on PostgreSQL merged from the first rows of each list.

        An index serves one list in one order. For many lists at once the planner would
        scan an index over all todos until it finds enough of the person's own, which
        may all be old.
        """
        if self.viewer is None or connection.vendor != "postgresql":
            return super().keyset_page(order, after=after, offset=offset, limit=limit)
        sql, params = self._merged(order, after, offset, limit)
        rows = self.model._base_manager.raw(sql, params)
        lookups = self._prefetch_related_lookups  # type: ignore[attr-defined]
        return list(rows.prefetch_related(*lookups))

    def count_up_to(self, limit: int) -> int:
        """Return the number of rows, on PostgreSQL counted list by list."""
        if self.viewer is None or connection.vendor != "postgresql":
            return super().count_up_to(limit)
        lists_sql, lists_params = self._visible_lists()
        rows = self._rows_of_branch().order_by().values("pk")[:limit]
        branch_sql, branch_params = rows.query.sql_with_params()
        sql = f"""
            SELECT count(*) FROM (
                SELECT 1 FROM ({_BRANCHES.format(lists=lists_sql)}) AS branch
                CROSS JOIN LATERAL ({branch_sql}) AS place (id) LIMIT %s
            ) AS counted
        """  # noqa: S608  (every part was compiled by the ORM)
        with connection.cursor() as cursor:
            cursor.execute(sql, (*lists_params, *branch_params, limit))
            return int(cursor.fetchone()[0])

    def _visible_lists(self) -> tuple[str, tuple[Any, ...]]:
        lists = self.model._meta.get_field("list").related_model._default_manager
        visible = lists.visible_to(self.viewer).order_by().values("pk")
        sql, params = visible.query.sql_with_params()
        return sql, tuple(params)

    def _rows_of_branch(self) -> Self:
        return self.filter(
            list_id=RawSQL('"branch"."list_id"', ()),
            is_finished=RawSQL('"branch"."is_finished"', ()),
        )

    def _merged(
        self, order: Order, after: tuple[Any, Any] | None, offset: int, limit: int
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the statement: a branch for each list and state, merged."""
        lists_sql, lists_params = self._visible_lists()
        branch_sql, branch_params = self._branch(order, after, offset + limit)
        way = "DESC" if order.descending else "ASC"
        sql = f"""
            SELECT todo.* FROM (
                SELECT place.* FROM ({_BRANCHES.format(lists=lists_sql)}) AS branch
                CROSS JOIN LATERAL ({branch_sql}) AS place (id, position)
                ORDER BY place.position {way}, place.id {way} LIMIT %s OFFSET %s
            ) AS place
            JOIN todos_todo AS todo ON todo.id = place.id
            ORDER BY place.position {way}, place.id {way}
        """  # noqa: S608  (every part was compiled by the ORM)
        return sql, (*lists_params, *branch_params, limit, offset)

    def _branch(
        self, order: Order, after: tuple[Any, Any] | None, count: int
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the statement of one branch: ids and positions of the first rows."""
        rows = self._rows_of_branch()
        if after is not None:
            rows = rows.beyond(order, after)
        places = rows.order_by(*order.columns).values("pk", order.field)[:count]
        sql, params = places.query.sql_with_params()
        return sql, tuple(params)


class ActiveTodoManager(models.Manager[Any].from_queryset(TodoQuerySet)):  # type: ignore[misc]
    """The default manager: todos that are not in the trash."""

    def get_queryset(self) -> TodoQuerySet:
        return super().get_queryset().filter(deleted_at=None)  # type: ignore[no-any-return]
