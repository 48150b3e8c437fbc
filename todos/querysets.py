"""Queries that the API, the admin and the commands share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import RawSQL

from accounts.models import User
from core.db.statements import Param
from core.scoping import IsAmong, Order, ScopedQuerySet
from todos.counted import CountedQuerySet
from todos.due import LATEST, NEVER, start_of
from todos.fields import SORT_KEYS
from todos.merging import counted, page_ids

EDITING_ROLES = ("owner", "editor")
# How far the date of a moment in one zone may be ahead of that in another.
ZONE_SLACK = timedelta(days=3)


# Stands for the person who sees the rows, in a statement that is compiled once.
VIEWER: Any = Param("viewer", models.UUIDField())


class TodoListQuerySet(CountedQuerySet):
    def visible_to(self, user: User) -> Self:
        """Keep the lists that the person is a member of."""
        return self.of_member(user).filter(deleted_at=None)

    def of_member(self, user: User) -> Self:
        """Keep the lists of the person, including trashed ones, which owners see."""
        return self.filter(memberships__user=user)

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

    def editors(self) -> Self:
        """Keep the members who may edit, finish and be assigned todos."""
        return self.filter(role__in=EDITING_ROLES)

    def in_order_of_succession(self) -> Self:
        """Order the members of a list without an owner: the first becomes the owner.

        The person of an inbox comes first, then active people, then editors, then
        those who have been members for longest.
        """
        has_inbox = Case(When(user=F("list__inbox_of"), then=0), default=1)
        # "editor" sorts before "viewer".
        return self.order_by(has_inbox, "-user__is_active", "role", "created_at", "pk")


class OfTodoQuerySet(OfListQuerySet):
    """Rows that belong to a todo; those of a trashed one are hidden with it."""

    def visible_to(self, user: User) -> Self:
        # With a join, PostgreSQL would expect few of the rows of a todo to be in its
        # list, and read and sort all of them for each page.
        lists = self.model._meta.get_field("list").related_model._default_manager
        seen = lists.visible_to(user).values("pk")
        return self.filter(IsAmong("list_id", seen), todo__deleted_at=None)


class AttachmentQuerySet(OfTodoQuerySet):
    """Attachments of todos and of comments."""

    def editable_by(self, user: User) -> Self:
        """Keep the attachments in lists that the user may edit.

        What belongs to a comment belongs to its author; the same rule on a row is
        `Attachment.is_editable_by`.
        """
        rows = super().editable_by(user)
        return rows.filter(Q(comment=None) | Q(created_by=user), todo__deleted_at=None)


class CommentQuerySet(OfTodoQuerySet):
    """Comments on todos."""

    def editable_by(self, user: User) -> Self:
        """Keep the comments that the user wrote, in lists that they may edit.

        The same rule on a row is `Comment.is_editable_by`.
        """
        rows = super().editable_by(user)
        return rows.filter(todo__deleted_at=None, created_by=user)


class TodoQuerySet(OfListQuerySet):
    """Todos. Pages are merged per list: see `keyset_page`."""

    viewer: User | None = None
    # Whether a filter keeps so few todos that a page should read all of them, instead
    # of reading in order until it has found enough. There may be none in that order.
    keeps_few = False

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]
        clone.viewer, clone.keeps_few = self.viewer, self.keeps_few
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

    def in_state(self, state: str | None) -> Self:
        """Keep the todos in a state; without one, those that are not in the trash."""
        match state:
            case "trashed":
                return self.trashed()
            case "open":
                return self.active().open()
            case "finished":
                return self.active().finished()
        return self.active()

    def newest(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def with_key(self, name: str) -> Self:
        """Make a sort key available to filters and orders, without loading it."""
        return self.alias(**{name: SORT_KEYS[name]()})

    def with_date(self, has_date: bool, *, by_due: bool) -> Self:
        """Keep todos with, or without, a due date.

        With `by_due`, compare the sort key, whose index serves filter and order.
        Otherwise compare the column: an index by due date would serve the filter, but
        all rows that it finds would have to be sorted.
        """
        if not by_due:
            return self.filter(due_on__isnull=not has_date)
        keyed = self.with_key("due_key")
        return (
            keyed.filter(due_key__lt=NEVER)
            if has_date
            else keyed.filter(due_key__gte=NEVER)
        )

    def due_between(self, first: date | None, last: date | None) -> Self:
        """Keep todos that are due on a day from `first` to `last`, both included.

        The date of a due time is the one in the todo's own zone.
        """
        end = NEVER if last is None else start_of(last + timedelta(days=1))
        todos = self.with_key("due_key").filter(due_key__lt=end)
        return todos if first is None else todos.filter(due_key__gte=start_of(first))

    def overdue(self, now: datetime) -> Self:
        """Keep open todos that are overdue at `now`: see `Due.is_overdue`."""
        day = now.date()
        late = Q(due_at__lt=now) | Q(due_time=None, due_key__lt=start_of(day))
        # The index finds those that may be overdue in some zone.
        end = start_of(min(day, LATEST) + ZONE_SLACK)
        return self.with_key("due_key").open().filter(late, due_key__lt=end)

    def not_overdue(self, now: datetime) -> Self:
        """Keep todos that are due, but not before `now`."""
        later = Q(due_at__gte=now) | Q(due_time=None, due_on__gte=now.date())
        return self.filter(later)

    def labelled(self, label_id: UUID) -> Self:
        # A label belongs to one list, so other lists need not be searched.
        return self.filter(labels=label_id, list__labels=label_id).few()

    def labelled_with_any(self, labels: Collection[UUID]) -> Self:
        own = self.model._meta.get_field("labels").related_model._default_manager
        lists = own.filter(pk__in=labels).values("list")
        through = self.model.labels.through._default_manager
        todos = through.filter(label__in=labels).values("todo")
        return self.filter(list__in=lists, pk__in=todos).few()

    def of_priority(self, priority: int) -> Self:
        found = self.filter(priority=priority)
        return found.few() if priority else found

    def few(self) -> Self:
        """Mark what few todos match: see `keeps_few`."""
        found = self.all()
        found.keeps_few = True
        return found

    def keyset_page(
        self, order: Order, *, after: tuple[Any, Any] | None, offset: int, limit: int
    ) -> Sequence[Any]:
        """Return a page, on PostgreSQL merged from the first rows of each list."""
        try:
            return list(self.page(order, after=after, offset=offset, limit=limit))
        except EmptyResultSet:  # a filter that no row can match
            return []

    def page(
        self, order: Order, *, after: tuple[Any, Any] | None, offset: int, limit: int
    ) -> Self:
        """Return the queryset of a page; raise EmptyResultSet if it has no rows."""
        keyed = self
        if order.field in SORT_KEYS:
            keyed = self.annotate(**{order.field: SORT_KEYS[order.field]()})
        if self.viewer is not None and connection.vendor == "postgresql":
            return keyed.chosen(page_ids(keyed, order, after, offset, limit), order)
        rows = keyed.beyond(order, after) if after else keyed
        return rows.order_by(*order.columns)[offset : offset + limit]

    def chosen(self, ids: RawSQL, order: Order) -> Self:
        """Return the todos with these ids in the order, prefetched as here."""
        rows: Self = self.model._base_manager.filter(pk__in=ids)
        if order.field in SORT_KEYS:
            rows = rows.annotate(**{order.field: SORT_KEYS[order.field]()})
        lookups = self._prefetch_related_lookups  # type: ignore[attr-defined]
        return rows.order_by(*order.columns).prefetch_related(*lookups)

    def count_up_to(self, limit: int) -> int:
        """Return the number of rows, on PostgreSQL counted list by list."""
        if self.viewer is None or connection.vendor != "postgresql":
            return super().count_up_to(limit)
        try:
            sql, params = counted(self, limit)
        except EmptyResultSet:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.fetchone()[0])


class ActiveTodoManager(models.Manager[Any].from_queryset(TodoQuerySet)):  # type: ignore[misc]
    """The default manager: todos that are not in the trash."""

    def get_queryset(self) -> TodoQuerySet:
        return super().get_queryset().filter(deleted_at=None)  # type: ignore[no-any-return]
