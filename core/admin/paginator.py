"""A paginator that limits how many rows it counts."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts at most `bound` rows; users find the rows beyond it by searching."""

    bound = 2000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        if not hasattr(rows, "order_by"):
            return len(rows)
        return rows.order_by()[: self.bound].count()  # type: ignore[no-any-return]
