"""Lists that keep the numbers of their todos."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any, Self

from django.db.models import Case, Count, F, OuterRef, Subquery, Sum, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from core.scoping import ScopedQuerySet
from todos.counters import ACTIVE, COUNTERS


class CountedQuerySet(ScopedQuerySet[Any]):
    """Lists, each with counters of its todos.

    The counters are right if they are of the list's current revision, which every
    change of a todo raises. The previous release raises it without counting.
    """

    def counted(self) -> Self:
        """Keep the lists whose counters are right."""
        return self.filter(counted_revision=F("revision"))

    def uncounted(self) -> Self:
        """Keep the lists whose todos have to be counted."""
        return self.exclude(counted_revision=F("revision"))

    def count_todos(self) -> int:
        """Count the todos of these lists, which are locked; return how many lists."""
        counts = {COUNTERS[state]: self._counted_now([state]) for state in COUNTERS}
        return self.update(**counts, counted_revision=F("revision"))

    def total(self, state: str | None) -> Any:
        """Return a query of how many todos in a state the lists have.

        Without a state, those in the trash are left out. The sum of the counters costs
        the same for any number of todos; only those of uncounted lists are counted.
        """
        lists = self.order_by().annotate(one=Value(1)).values("one")
        total = Coalesce(Sum(self._number(state)), 0)
        return lists.annotate(total=total).values_list("total")

    def with_counts(self) -> Self:
        """Add the real number of todos in each state, for comparison."""
        counts = {f"real_{COUNTERS[one]}": self._counted_now([one]) for one in COUNTERS}
        return self.annotate(**counts)

    def _number(self, state: str | None) -> Case:
        states = [state] if state else ACTIVE
        kept: Any = reduce(add, (F(COUNTERS[one]) for one in states))
        return Case(
            When(counted_revision=F("revision"), then=kept),
            default=self._counted_now(states),
        )

    def _counted_now(self, states: Sequence[str]) -> Any:
        """Return the number of todos in these states, each counted with its index."""
        return reduce(add, (self._counted_in(state) for state in states))

    def _counted_in(self, state: str) -> Combinable:
        todos = self.model._meta.get_field("todos").related_model.with_trash
        rows = todos.filter(list=OuterRef("pk")).in_state(state).order_by()
        count = rows.values("list").annotate(count=Count("pk")).values("count")
        return Coalesce(Subquery(count), 0)
