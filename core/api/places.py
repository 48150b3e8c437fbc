"""Read pages far from the start without skipping all rows before them.

To skip a row costs almost as much as to read it. So the rows at which earlier pages
began and ended are kept in the cache, and a page is read from the nearest of them,
forwards or backwards. They belong to one state of a collection: after a change, and
without a cache, rows are skipped from the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.cache import cache

from core.models import plain
from core.scoping import FAR, Order, Position

KEPT = 64  # places of each collection
SECONDS = 600

Known = dict[int, Position]  # the positions of rows by their numbers, from 0


class Places:
    """Known places of a collection in one state and in one order."""

    def __init__(self, state: str, order: Order) -> None:
        self.order, self._key = order, f"places:{state}"

    def page(self, rows: Any, *, offset: int, limit: int) -> Sequence[Any]:
        """Return up to `limit` rows after `offset` others."""
        if offset < FAR:
            page: Sequence[Any] = rows.keyset_page(
                self.order, after=None, offset=offset, limit=limit
            )
            return page
        known = self._known()
        # The row before the page is read as well: it is the place of this page.
        lead = 0 if offset - 1 in known else 1
        found = self._from_nearest(known, rows, offset - lead, limit + lead)
        self._remember(known, found, offset - lead)
        return found[lead:]

    def _from_nearest(
        self, known: Known, rows: Any, offset: int, limit: int
    ) -> Sequence[Any]:
        end = offset + limit
        before = max((number for number in known if number < offset), default=-1)
        after = min((number for number in known if number >= end), default=None)
        if after is None or offset - before <= after - end:
            found: Sequence[Any] = rows.keyset_page(
                self.order,
                after=known.get(before),
                offset=offset - before - 1,
                limit=limit,
            )
            return found
        found = rows.keyset_page(
            self.order.reversed(), after=known[after], offset=after - end, limit=limit
        )
        return found[::-1]

    def _known(self) -> Known:
        kept = cache.get(self._key) or ()
        return {number: (value, key) for number, value, key in kept}

    def _remember(self, known: Known, found: Sequence[Any], offset: int) -> None:
        if not found:
            return
        ends = {offset: found[0], offset + len(found) - 1: found[-1]}
        if ends.keys() <= known.keys():
            return
        new = {number: self.order.position_of(row) for number, row in ends.items()}
        kept = [
            (number, plain(value), str(key))
            for number, (value, key) in (known | new).items()
        ]
        cache.set(self._key, kept[-KEPT:], SECONDS)
