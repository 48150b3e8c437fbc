"""A paginator that limits how many rows it counts."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import cached_property

MAX_COUNTED = 2000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts at most MAX_COUNTED rows; users find the others by searching.

    It counts none if their number is `known`.
    """

    known: int | None = None

    @cached_property
    def count(self) -> int:
        return min(self._counted, MAX_COUNTED) if self.known is None else self.known

    @property
    def has_uncounted(self) -> bool:
        """Return whether there are more rows than it counts."""
        return self.known is None and self.is_long

    @property
    def is_long(self) -> bool:
        """Return whether there are more than MAX_COUNTED rows."""
        return (self._counted if self.known is None else self.known) > MAX_COUNTED

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        if hasattr(rows, "count_up_to"):
            return rows.count_up_to(MAX_COUNTED + 1)  # type: ignore[no-any-return]
        return len(rows)


class RowsBelow:
    """The rows below a row, on its page: `size` of them, with links to the others.

    The parameter `name` of the query has the number of the page. By default it is the
    first one, or the last one if `ends_with_newest`.
    """

    def __init__(
        self,
        rows: QuerySet[Any],
        size: int,
        query: QueryDict,
        name: str,
        *,
        ends_with_newest: bool = False,
    ) -> None:
        self.query, self.name = query, name
        self.page: Page[Any] | None = None
        # One row more than fits tells whether there are others, without counting.
        read = list((rows.reverse() if ends_with_newest else rows)[: size + 1])
        step = -1 if ends_with_newest else 1
        self.rows: list[Any] = read[::step]
        if len(read) > size:
            pages = Paginator(rows, size)
            default = pages.num_pages if ends_with_newest else 1
            self.page = pages.get_page(query.get(name, default))
            if name not in query:  # its rows have been read
                count = self.page.end_index() - self.page.start_index() + 1
                self.page.object_list = read[:count][::step]
            self.rows = list(self.page.object_list)

    @property
    def previous(self) -> str:
        return self._url(-1) if self.page and self.page.has_previous() else ""

    @property
    def next(self) -> str:
        return self._url(1) if self.page and self.page.has_next() else ""

    def _url(self, step: int) -> str:
        query = self.query.copy()
        query[self.name] = str(self.page.number + step)  # type: ignore[union-attr]
        return f"?{query.urlencode()}#below-{self.name}"
