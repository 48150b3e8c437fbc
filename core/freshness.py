"""Announce, right after a commit, whose answers are outdated.

Whatever changes what somebody sees, or may see, calls `changed`. Caches of answers
subscribe.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from uuid import UUID

from django.db import transaction

# Stands for all people: what a role permits has changed.
EVERYONE = UUID(int=0)

_subscribers: list[Callable[[Collection[UUID]], None]] = []


def subscribe(subscriber: Callable[[Collection[UUID]], None]) -> None:
    """Call the subscriber after every commit with the ids of what has changed."""
    if subscriber not in _subscribers:
        _subscribers.append(subscriber)


def changed(*ids: UUID) -> None:
    """Announce that these have changed, once the transaction is committed.

    An id is that of a list, or of a person whose lists, roles or keys have changed. The
    client gets the response to its write only after all subscribers have returned.
    """
    for subscriber in _subscribers:
        transaction.on_commit(partial(subscriber, ids))
