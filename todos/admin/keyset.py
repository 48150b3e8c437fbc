"""A changelist with keyset paging: every page costs the same, nothing is counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest

from core.cursors import InvalidCursor, read_cursor, sign_cursor
from core.scoping import Order, Position
from todos.admin.elsewhere import Match, matches_elsewhere
from todos.models import Todo


class KeysetChangeList(ChangeList):
    """Pages by the position of the last row: see `TodoQuerySet.keyset_page`."""

    next_page: str | None = None
    first_page: str | None = None
    elsewhere: Sequence[Match] = ()  # if a search finds nothing here

    def get_results(self, request: HttpRequest) -> None:
        order = self._order(request)
        after = self._position(request, order)
        size = self.list_per_page
        queryset: Any = self.queryset
        rows = queryset.keyset_page(order, after=after, offset=0, limit=size + 1)
        self.result_list = list(rows[:size])
        prefetch_related_objects(
            self.result_list, Prefetch("parent", Todo.with_trash.only("content"))
        )
        self.result_count = len(self.result_list)
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = bool(self.result_list)
        self.can_show_all, self.multi_page = True, False
        self.paginator = Paginator(self.result_list, size)
        if len(rows) > size:
            self.next_page = self._url_after(self.result_list[-1], order)
        elif self.query and not rows and after is None:
            self.elsewhere = matches_elsewhere(request, self)
        if after is not None:
            self.first_page = self.get_query_string(remove=[PAGE_VAR])

    def _order(self, request: HttpRequest) -> Order:
        first = str(self.get_ordering(request, self.queryset)[0])
        if first.removeprefix("-") == "pk":  # the URL has an unknown column
            first = str(self.model_admin.get_ordering(request)[0])
        return Order(first.removeprefix("-"), first.startswith("-"))

    def _url_after(self, row: Todo, order: Order) -> str:
        return self.get_query_string(
            {PAGE_VAR: sign_cursor(order, row, query=_binding(order))}
        )

    def _position(self, request: HttpRequest, order: Order) -> Position | None:
        """Return the position before the page; None without a valid cursor."""
        cursor = request.GET.get(PAGE_VAR, "")
        try:
            _backwards, position = read_cursor(cursor, query=_binding(order))
        except InvalidCursor:
            return None
        return position


def _binding(order: Order) -> str:
    """Return what a cursor is valid for: the changelist in one order."""
    return f"admin.todos.{order.columns[0]}"
