"""A changelist with keyset paging: every page costs the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest

from accounts.models import User
from core.admin.changelist import BoundedChangeList
from core.admin.paginator import BoundedPaginator
from core.admin.permissions import request_user
from core.cursors import InvalidCursor, read_cursor, sign_cursor
from core.scoping import Order, Position
from todos.admin.cells import add_anchors
from todos.admin.elsewhere import Match, matches_elsewhere
from todos.admin.filters import ListFilter, StateFilter
from todos.admin.own_lists import own_lists
from todos.admin.trash import shows_trash
from todos.models import Label, Todo
from todos.reads import number_of_todos


class KeysetChangeList(BoundedChangeList):
    """Pages by the position of a row: see `TodoQuerySet.keyset_page`."""

    elsewhere: Sequence[Match] = ()  # if a search finds nothing here

    def get_results(self, request: HttpRequest) -> None:
        order = self._order(request)
        backwards, position = self._position(request, order)
        rows = self._rows(order, backwards, position)
        if backwards and len(rows) <= self.list_per_page:
            # Fewer rows than a page come before: show the first page.
            backwards, position = False, None
            rows = self._rows(order, backwards, position)
        has_more = len(rows) > self.list_per_page
        shown = rows[: self.list_per_page]
        self.result_list = shown[::-1] if backwards else shown
        self._link_neighbours(order, backwards, position, has_more=has_more)
        own_lists(request).attach(self.result_list)
        prefetch_related_objects(self.result_list, *_shown_relations(request))
        add_anchors(self.result_list)
        self._count(request, order)
        self.show_admin_actions = self.can_act
        self.can_show_all, self.multi_page = True, False
        if self.query and not rows and position is None:
            self.elsewhere = matches_elsewhere(request, self)

    def _rows(
        self, order: Order, backwards: bool, position: Position | None
    ) -> list[Any]:
        """Return one row more than a page, beginning at the position."""
        queryset: Any = self.queryset.prefetch_related(None)
        way = order.reversed() if backwards else order
        size = self.list_per_page + 1
        return list(queryset.keyset_page(way, after=position, offset=0, limit=size))

    def _link_neighbours(
        self, order: Order, backwards: bool, position: Position | None, has_more: bool
    ) -> None:
        rows = self.result_list
        if not rows:
            return
        if has_more if backwards else position is not None:
            self.previous_page = self._url_from(rows[0], order, backwards=True)
        if backwards or has_more:
            self.next_page = self._url_from(rows[-1], order, backwards=False)

    def _count(self, request: HttpRequest, order: Order) -> None:
        self.paginator = BoundedPaginator(self.queryset, self.list_per_page)
        self.paginator.known = kept_total(request, self)
        self.result_count = self.paginator.count
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        if self.previous_page:
            position = order.position_of(self.result_list[0])
            before: Any = self.queryset.beyond(order.reversed(), position)
            counted = BoundedPaginator(before, 1)
            self.first_shown = None if counted.has_uncounted else counted.count + 1

    def _order(self, request: HttpRequest) -> Order:
        first = str(self.get_ordering(request, self.queryset)[0])
        if first.removeprefix("-") == "pk":  # the URL has an unknown column
            first = str(self.model_admin.get_ordering(request)[0])
        return Order(first.removeprefix("-"), first.startswith("-"))

    def _url_from(self, row: Todo, order: Order, *, backwards: bool) -> str:
        cursor = sign_cursor(order, row, query=_binding(order), backwards=backwards)
        return self.get_query_string({PAGE_VAR: cursor})

    def _position(
        self, request: HttpRequest, order: Order
    ) -> tuple[bool, Position | None]:
        """Return whether the page ends at a position, and which; see `read_cursor`.

        Without a valid cursor, it is the first page.
        """
        cursor = request.GET.get(PAGE_VAR, "")
        try:
            return read_cursor(cursor, query=_binding(order))
        except InvalidCursor:
            return False, None


def kept_total(request: HttpRequest, changelist: ChangeList) -> int | None:
    """Return the total that lists keep; None if another filter narrows the todos."""
    list_id: UUID | None = None
    state: str | None = "trashed" if shows_trash(request) else "open"
    for spec in changelist.filter_specs:
        if isinstance(spec, StateFilter):
            state = spec.state
        elif isinstance(spec, ListFilter) and spec.key():
            list_id = spec.key()
        elif spec.used_parameters:
            return None
    if changelist.query:
        return None
    return number_of_todos(request_user(request), state, list_id)


def _shown_relations(request: HttpRequest) -> Sequence[str | Prefetch[Any]]:
    parent = Prefetch("parent", Todo.with_trash.only("content"))
    if shows_trash(request):
        return (parent,)
    people = User.objects.only("username", "display_name", "avatar")
    labels = Label.objects.only("list", "name", "name_key", "colour")
    return (
        parent,
        Prefetch("assignee", people),
        Prefetch("finished_by", people),
        Prefetch("labels", labels.order_by("name_key"), to_attr="shown_labels"),
    )


def _binding(order: Order) -> str:
    """Return what a cursor is valid for: the changelist in one order."""
    return f"admin.todos.{order.columns[0]}"
