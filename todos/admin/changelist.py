"""A table of todos: a page costs the same wherever it is, and nothing is counted."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest

from core.scoping import Order
from todos.models import Todo

SALT = "todos.admin.page"


class KeysetChangeList(ChangeList):
    """Pages by the place of the last row: `TodoQuerySet.keyset_page`."""

    next_page: str | None = None
    first_page: str | None = None

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
        if after is not None:
            self.first_page = self.get_query_string(remove=[PAGE_VAR])

    def _order(self, request: HttpRequest) -> Order:
        first = str(self.get_ordering(request, self.queryset)[0])
        if first.removeprefix("-") == "pk":  # the address names no column of ours
            first = str(self.model_admin.get_ordering(request)[0])
        return Order(first.removeprefix("-"), first.startswith("-"))

    def _url_after(self, row: Any, order: Order) -> str:
        value, key = order.position_of(row)
        value = value.isoformat() if hasattr(value, "isoformat") else value
        place = signing.dumps((order.field, value, str(key)), salt=SALT)
        return self.get_query_string({PAGE_VAR: place})

    def _position(self, request: HttpRequest, order: Order) -> tuple[Any, Any] | None:
        """Return after which row the page begins; a place in another order is none."""
        with suppress(signing.BadSignature, ValidationError):
            place = signing.loads(request.GET.get(PAGE_VAR, ""), salt=SALT)
            field, value, key = place
            if field == order.field:
                return value, key
        return None
