"""The lists that the user sees, read once for all parts of a page that show some."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from accounts.models import User
from core.admin.permissions import once_per_request, request_user
from todos.models import TodoList

BLOCK = 50  # lists that are read at once


class OwnLists:
    """The lists that a user sees, in the user's own order.

    They are read in blocks, as far as they are needed, since there may be many.
    """

    def __init__(self, user: User) -> None:
        self.visible = TodoList.objects.as_seen_by(user).in_own_order()
        self._first: list[TodoList] = []
        self._others: dict[UUID, TodoList] = {}
        self._is_complete = False

    def first(
        self, limit: int, keep: Callable[[TodoList], bool] = lambda row: True
    ) -> list[TodoList]:
        """Return the first lists that `keep` keeps."""
        while True:
            found = [row for row in self._first if keep(row)][:limit]
            if len(found) == limit or self._is_complete:
                return found
            self._read_block()

    def find(self, pk: UUID | None) -> TodoList | None:
        return self._with_ids({pk}).get(pk) if pk else None

    def attach(self, rows: Iterable[Any]) -> None:
        """Set the list of rows that the user sees."""
        lists = self._with_ids({row.list_id for row in rows})
        for row in rows:
            if found := lists.get(row.list_id):
                row.list = found

    def _with_ids(self, ids: set[UUID]) -> dict[UUID, TodoList]:
        """Return lists by id, with these of them that the user sees."""
        self.first(1)  # the navigation shows it anyway
        known = {row.pk: row for row in self._first} | self._others
        # A list may have been shared since the others were read.
        if missing := ids - known.keys():
            self._others |= self.visible.in_bulk(missing)
        return known | self._others

    def _read_block(self) -> None:
        start = len(self._first)
        block = list(self.visible[start : start + BLOCK])
        self._first += block
        self._is_complete = len(block) < BLOCK


@once_per_request
def own_lists(request: HttpRequest) -> OwnLists:
    return OwnLists(request_user(request))
