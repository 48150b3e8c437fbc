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
from todos.models import Todo, TodoList
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
            rows = Todo.with_trash.visible_to(self.viewer).in_state(self.state)
            return FilteredTodos(rows).keyset_page(
                order, after=after, offset=offset, limit=limit
            )
        statement = _page_statement(self.state, order, bool(after), offset, limit)
        value, key = after or (None, None)
        return _rows(statement, viewer=self.viewer.pk, value=value, key=key)

    def count(self) -> int:
        return number_of_todos(self.viewer, self.state)


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


class TodosOfList(FilteredTodos):
    """All todos of a list in one state, for the paginator."""

    def __init__(
        self, todos: TodoQuerySet, viewer: User, list_id: str, state: str | None
    ) -> None:
        super().__init__(todos)
        self.viewer, self.list_id, self.state = viewer, list_id, state

    def count(self) -> int:
        return number_of_todos(self.viewer, self.state, self.list_id)


def find_todo(viewer: User, pk: UUID | str) -> TodoRow | None:
    """Return a todo that the person sees and that is not in the trash, or None."""
    return next(iter(_rows(_todo_statement(), viewer=viewer.pk, pk=pk)), None)


def number_of_todos(
    viewer: User, state: str | None, list_id: UUID | str | None = None
) -> int:
    """Return how many todos in a state the person sees, in all lists or in one."""
    statement = _total_statement(state, is_of_list=list_id is not None)
    ((total,),) = statement.rows(viewer=viewer.pk, list=list_id)
    return int(total)


@cache
def _total_statement(state: str | None, *, is_of_list: bool) -> Statement:
    lists: Any = TodoList.objects.visible_to(VIEWER)
    if is_of_list:
        lists = lists.filter(pk=Param("list", UUIDField()))
    return compiled(lists.total(state))


@lru_cache(maxsize=512)
def _page_statement(
    state: str | None, order: Order, is_after: bool, offset: int, limit: int
) -> Statement:
    todos = Todo.with_trash.visible_to(VIEWER).in_state(state)
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
