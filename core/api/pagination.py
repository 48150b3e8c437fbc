"""Pagination by cursor, at a constant cost for each page, or by page number."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from core.api.places import Places
from core.cursors import InvalidCursor, read_cursor, sign_cursor
from core.scoping import Order, Position

DEFAULT_SIZE = 10
MAXIMUM_SIZE = 200
MAXIMUM_PAGE = 1_000_000
PAGING = ("cursor", "page", "page_size", "ordering", "count")


class KeysetPagination(BasePagination):
    """`{"results", "next", "previous"}`, ten rows by default, 200 at most.

    A cursor is opaque: it is signed, and valid only for the same query. The total is
    counted only if `count=true` is given.
    """

    parameters = PAGING
    state: str | None = None

    def read(self, request: Request, orders: dict[str, Order]) -> None:
        """Parse the query, or refuse it, before any row is read."""
        self.request = request
        query = request.query_params
        self.size = whole_number(query, "page_size", DEFAULT_SIZE, MAXIMUM_SIZE)
        self.number = whole_number(query, "page", 0, MAXIMUM_PAGE)
        self.order: Order = choice(query, "ordering", orders, default=_first(orders))
        self.backwards, self.position = self._position()
        self.counted = choice(
            query, "count", {"true": True, "false": False}, default=False
        )

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        self.queryset = queryset
        rows = self._numbered(queryset) if self.number else self._after(queryset)
        self.has_more = len(rows) > self.size
        self.rows = list(rows[: self.size])
        if self.backwards:
            self.rows.reverse()
        return self.rows

    def begin_at_known_places(self, state: str) -> None:
        """Skip fewer rows of a collection in this state: see `Places`."""
        self.state = state

    def _numbered(self, queryset: Any) -> Sequence[Any]:
        offset, limit = (self.number - 1) * self.size, self.size + 1
        if self.state is None:
            found: Sequence[Any] = queryset.keyset_page(
                self.order, after=None, offset=offset, limit=limit
            )
            return found
        key = hashlib.sha256(f"{self.state} {self._query_digest()}".encode())
        places = Places(key.hexdigest(), self.order)
        return places.page(queryset, offset=offset, limit=limit)

    def _after(self, queryset: Any) -> Sequence[Any]:
        order = self.order.reversed() if self.backwards else self.order
        found: Sequence[Any] = queryset.keyset_page(
            order, after=self.position, offset=0, limit=self.size + 1
        )
        return found

    def get_paginated_response(self, data: Any) -> Response:
        page = {"results": data, "next": self._next(), "previous": self._previous()}
        if self.counted:
            page["count"] = self.queryset.count()
        return Response(page)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema,
                "next": link,
                "previous": link,
                "count": {"type": "integer", "minimum": 0},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        def number(maximum: int) -> dict[str, Any]:
            return {"type": "integer", "minimum": 1, "maximum": maximum}

        described = {
            "cursor": ("From a `next` or `previous` link.", {"type": "string"}),
            "page": (
                "Page number; cannot be combined with a cursor.",
                number(MAXIMUM_PAGE),
            ),
            "page_size": (
                "Rows per page.",
                number(MAXIMUM_SIZE) | {"default": DEFAULT_SIZE},
            ),
            "ordering": (
                # In words: generated clients send what the schema calls a default.
                "Sort order; `-` means descending. By default "
                f"`{next(iter(view.orders))}`, unless a filter implies another.",
                {"type": "string", "enum": list(view.orders)},
            ),
            "count": (
                "Whether to count all rows.",
                {"type": "boolean", "default": False},
            ),
        }
        return [
            {"name": name, "in": "query", "description": text, "schema": schema}
            for name, (text, schema) in described.items()
        ]

    def _position(self) -> tuple[bool, Position | None]:
        cursor = self.request.query_params.get("cursor")
        if cursor is None:
            return False, None
        if self.number:
            raise refusal(
                "cursor", _("Give a cursor or a page, not both."), "ambiguous"
            )
        try:
            return read_cursor(cursor, query=self._query_digest())
        except InvalidCursor:
            raise refusal(
                "cursor",
                _("This cursor does not belong to this query."),
                "invalid_cursor",
            ) from None

    def _query_digest(self) -> str:
        query = sorted(
            (name, value)
            for name, values in self.request.query_params.lists()
            for value in values
            if name not in {"cursor", "page", "page_size", "count"}
        )
        return hashlib.sha256(repr((self.request.path, query)).encode()).hexdigest()

    def _cursor_url(self, row: Model, *, backwards: bool) -> str:
        query = self._query_digest()
        cursor = sign_cursor(self.order, row, query=query, backwards=backwards)
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)

    def _page_url(self, number: int) -> str:
        return replace_query_param(self.request.build_absolute_uri(), "page", number)

    def _next(self) -> str | None:
        if self.number:
            return self._page_url(self.number + 1) if self.has_more else None
        if self.rows and (self.backwards or self.has_more):
            return self._cursor_url(self.rows[-1], backwards=False)
        return None

    def _previous(self) -> str | None:
        if self.number:
            return self._page_url(self.number - 1) if self.number > 1 else None
        came_from_before = self.has_more if self.backwards else self.position
        if self.rows and came_from_before:
            return self._cursor_url(self.rows[0], backwards=True)
        return None


def whole_number(query: Any, name: str, default: int, maximum: int) -> int:
    """Return a positive number from the query, or the default."""
    raw = query.get(name)
    if raw is None:
        return default
    # Check the length first: int() is slow for thousands of digits.
    is_number = raw.isascii() and raw.isdigit() and len(raw) <= 19
    if not is_number or not 1 <= int(raw) <= maximum:
        message = _("This must be a whole number from 1 to %d.") % maximum
        raise refusal(name, message, "out_of_range")
    return int(raw)


def choice(query: Any, name: str, choices: dict[str, Any], *, default: Any) -> Any:
    """Return the choice that the query names, or the default."""
    chosen = query.get(name)
    if chosen is None:
        return default
    if chosen not in choices:
        message = _("This must be one of: %s.") % ", ".join(choices)
        raise refusal(name, message, "not_a_choice")
    return choices[chosen]


def refusal(name: str, message: Any, code: str) -> ValidationError:
    return ValidationError({name: [message]}, code=code)


def _first(orders: dict[str, Order]) -> Order:
    return next(iter(orders.values()))
