"""Numbers of todos that a list keeps: how an event changes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

# The state of a todo, and the column of its list that counts the todos in it.
COUNTERS = {
    "open": "open_count",
    "finished": "finished_count",
    "trashed": "trashed_count",
}
# Without a state, todos that are not in the trash are meant.
ACTIVE = ("open", "finished")

_COMES = frozenset({"todo.created", "todo.moved_in"})
_GOES = frozenset({"todo.moved_out", "todo.purged"})

# An event: its type, its row and {field: [before, after]}.
Event = tuple[str, Any, dict[str, list[Any]]]


def differences(events: Iterable[Event]) -> Counter[str]:
    """Return by how much the events change each counter of their list.

    The rows are as they are after their events.
    """
    found: Counter[str] = Counter()
    for verb, row, changes in events:
        if not verb.startswith("todo."):
            continue
        if verb not in _COMES:
            found[_counter(row, changes)] -= 1
        if verb not in _GOES:
            found[counter_of(row)] += 1
    return found


def counter_of(todo: Any) -> str:
    """Return the counter that the todo is counted by."""
    return _counter(todo, {})


def _counter(todo: Any, changes: dict[str, list[Any]]) -> str:
    """Return the counter that the todo was counted by before the changes."""
    was_finished, _ = changes.get("is_finished", (todo.is_finished, None))
    was_trashed_at, _ = changes.get("deleted_at", (todo.deleted_at, None))
    if was_trashed_at is not None:
        return COUNTERS["trashed"]
    return COUNTERS["finished" if was_finished else "open"]
