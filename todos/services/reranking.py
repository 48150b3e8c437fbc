"""Find a rank between two todos; where there is none, make room around the place.

A gap between two todos takes about a thousand moves. Then the todos around it get new
ranks, in the current order: as few as possible, and never the whole of a long list.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Invalid
from core.scoping import Order
from todos.models import Todo, TodoList
from todos.ranks import MAX_RANK_LENGTH, rank_between, ranks_between
from todos.services.locking import Entry, record_in_list

SMALLEST, LARGEST = 32, 128  # todos on each side of the place
ROOMY = MAX_RANK_LENGTH - 40  # characters of ranks that leave room for further moves
RISING, FALLING = Order("rank"), Order("rank", descending=True)


def rank_next_to(todo: Todo, anchor: Todo, *, follows: bool) -> str | None:
    """Return a rank right before or after the anchor; None if there is no room."""
    fresh = Todo.objects.filter(pk=anchor.pk, list=todo.list_id).first()
    if fresh is None or fresh.pk == todo.pk:
        field = "after" if follows else "before"
        raise Invalid(_("The other todo must be in the same list."), field=field)
    neighbour = _neighbour(fresh, exclude=todo, follows=follows)
    low, high = (fresh.rank, neighbour) if follows else (neighbour, fresh.rank)
    if low is not None and high is not None and low >= high:
        return None
    rank = rank_between(low, high)
    return rank if len(rank) <= MAX_RANK_LENGTH else None


def make_room(todo_list: TodoList, anchor: Todo, *, actor: User, now: datetime) -> None:
    """Give the todos around the anchor shorter ranks, in the current order."""
    rows, ranks = _window(Todo.objects.get(pk=anchor.pk))
    entries: list[Entry] = []
    for row, rank in zip(rows, ranks, strict=True):
        if changes := row.assign(by=actor, at=now, rank=rank):
            entries.append(("todo.changed", row, changes))
    Todo.save_many(rows, "rank")
    todo_list.last_rank = max(todo_list.last_rank, ranks[-1])
    record_in_list(todo_list, *entries, actor=actor, at=now)


def _window(anchor: Todo) -> tuple[list[Todo], list[str]]:
    """Return the todos around the anchor that get new ranks, and these ranks."""
    size = SMALLEST
    while True:
        before, after = _beside(anchor, FALLING, size), _beside(anchor, RISING, size)
        low = before.pop().rank if len(before) > size else None
        high = after.pop().rank if len(after) > size else None
        rows = [*reversed(before), anchor, *after]
        if low is None or high is None or low < high:
            ranks = ranks_between(low, high, len(rows))
            if size >= LARGEST or max(map(len, ranks)) <= ROOMY:
                return rows, ranks
        size *= 4  # more than the largest only if so many todos have the same rank


def _beside(anchor: Todo, order: Order, count: int) -> list[Todo]:
    """Return the todos next to the anchor in the order, one more than the count.

    Those in the trash are among them, so that they can be restored to their place.
    """
    rows = Todo.with_trash.filter(list=anchor.list_id)
    # A query for each state, because the indexes begin with it.
    states = (rows.active().open(), rows.active().finished(), rows.trashed())
    found: list[Todo] = []
    for rows in states:
        beyond = rows.beyond(order, order.position_of(anchor))
        found += beyond.order_by(*order.columns)[: count + 1]
    found.sort(key=order.position_of, reverse=order.descending)
    return found[: count + 1]


def _neighbour(anchor: Todo, *, exclude: Todo, follows: bool) -> str | None:
    """Return the rank next to the anchor's."""
    found = []
    # One query for open and one for finished todos: the index begins with the state.
    for is_finished in (False, True):
        rows = Todo.objects.filter(list=anchor.list_id, is_finished=is_finished)
        rows = rows.exclude(pk__in=[anchor.pk, exclude.pk])
        if follows:
            rows = rows.filter(rank__gte=anchor.rank).order_by("rank", "pk")
        else:
            rows = rows.filter(rank__lte=anchor.rank).order_by("-rank", "-pk")
        found += rows.values_list("rank", flat=True)[:1]
    return (min if follows else max)(found, default=None)
