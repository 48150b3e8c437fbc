"""Todos as values, read with statements that are compiled once."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import F, OuterRef, UUIDField

from accounts.models import User
from core.api.representation import representation_of
from core.db.lists import ListOf
from core.db.statements import Param, Statement, compiled
from core.models import Recorded
from core.scoping import FAR, Order, Position
from todos.fields import SORT_KEYS
from todos.models import Todo
from todos.querysets import VIEWER, TodoQuerySet
from todos.serializers.todos import TodoSerializer

# Cursors contain the sort keys.
COLUMNS = (*representation_of(TodoSerializer).columns, *SORT_KEYS)


class TodoRow(namedtuple("TodoRow", COLUMNS)):  # type: ignore[misc]
    """The columns of a todo that the API shows, without its model."""

    pk = property(attrgetter("id"))
    etag: Any = Recorded.etag


class TodosInState:
    """All todos that a person sees, in one state, for the paginator."""

    def __init__(self, viewer: User, state: str | None) -> None:
        self.viewer, self.state = viewer, state

    def keyset_page(
        self, order: Order, *, after: Position | None, offset: int, limit: int
    ) -> Sequence[TodoRow]:
        """Return up to `limit` rows in order, after a position or an offset."""
        if offset >= FAR:
            rows = in_state(Todo.with_trash.visible_to(self.viewer), self.state)
            return FilteredTodos(rows).keyset_page(
                order, after=after, offset=offset, limit=limit
            )
        statement = _page_statement(self.state, order, bool(after), offset, limit)
        value, key = after or (None, None)
        return _rows(statement, viewer=self.viewer.pk, value=value, key=key)

    def count(self) -> int:
        return in_state(Todo.with_trash.visible_to(self.viewer), self.state).count()


class FilteredTodos:
    """Todos that match a query, for the paginator."""

    def __init__(self, todos: TodoQuerySet) -> None:
        self.todos = todos

    def keyset_page(
        self, order: Order, *, after: Position | None, offset: int, limit: int
    ) -> Sequence[TodoRow]:
        """Return up to `limit` rows in order, after a position or an offset."""
        try:
            page = self.todos.page(order, after=after, offset=offset, limit=limit)
            # A plan for any values would not know how long these lists are.
            return _rows(_statement(page, is_prepared=False))
        except EmptyResultSet:  # a filter that no row can match
            return []

    def count(self) -> int:
        return self.todos.count()


def find_todo(viewer: User, pk: UUID | str) -> TodoRow | None:
    """Return a todo that the person sees and that is not in the trash, or None."""
    return next(iter(_rows(_todo_statement(), viewer=viewer.pk, pk=pk)), None)


def in_state(todos: TodoQuerySet, state: str | None) -> TodoQuerySet:
    """Keep the todos in a state; without one, those that are not in the trash."""
    if state == "trashed":
        return todos.trashed()
    active = todos.active()
    kept = {"open": active.open, "finished": active.finished}.get(state or "")
    return kept() if kept else active


@lru_cache(maxsize=512)
def _page_statement(
    state: str | None, order: Order, is_after: bool, offset: int, limit: int
) -> Statement:
    todos = in_state(Todo.with_trash.visible_to(VIEWER), state)
    keyed = todos.with_key(order.field) if order.field in SORT_KEYS else todos
    after = (Param("value", keyed.field_of(order)), Param("key", UUIDField()))
    page = todos.page(
        order, after=after if is_after else None, offset=offset, limit=limit
    )
    return _statement(page)


@cache
def _todo_statement() -> Statement:
    found = Todo.objects.visible_to(VIEWER).filter(pk=Param("pk", UUIDField()))
    return _statement(found)


def _statement(todos: TodoQuerySet, *, is_prepared: bool = True) -> Statement:
    through = Todo.labels.through._default_manager
    labels = through.filter(todo=OuterRef("pk")).order_by("label")
    keys = {name: key() for name, key in SORT_KEYS.items()}
    shown = todos.annotate(
        label_ids=ListOf(labels.values(value=F("label")), UUID), **keys
    )
    return compiled(shown.values_list(*COLUMNS), is_prepared=is_prepared)


def _rows(statement: Statement, **values: Any) -> Sequence[TodoRow]:
    return [TodoRow._make(row) for row in statement.rows(**values)]
