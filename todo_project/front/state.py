"""The state that an answer was made from, and whether it is still the same."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import redis
from django.conf import settings

from accounts.models.keys import LAST_USED_STEP
from core.freshness import EVERYONE
from todo_project.front.facts import Facts, facts_of, lists_of
from todo_project.front.tokens import VALIDITY, Tokens, read_command, take, wire

MOST_SOURCES = 100  # whose tokens are read for one answer


@dataclass(frozen=True, slots=True)
class State:
    """Facts about a key, with the tokens of their sources, taken before the facts.

    Until `ends_at` (monotonic) the same tokens mean the same facts. Without tokens only
    the database can tell.
    """

    facts: Facts
    sources: Sequence[UUID]
    ends_at: float
    tokens: Tokens | None = None
    command: bytes = b""  # reads the tokens
    generation: int = 0  # of the connections to Redis

    def has_same_tokens(self) -> bool:
        """Return whether Redis knows of no change; False if that is not certain."""
        if self.tokens is None or time.monotonic() >= self.ends_at:
            return False
        try:
            found = wire.ask(self.command)
        except redis.RedisError:
            return False
        return bool(found == self.tokens and wire.generation == self.generation)


def read_state(authorization: str, before: State | None = None) -> State | None:
    """Return the present state; None if the key may not be used or has to be marked.

    `before` is an earlier state, whose sources are likely to be the same.
    """
    begin = time.monotonic()
    version, sources = _sources(authorization, before)
    generation = wire.generation
    tokens = _take(sources)
    facts = facts_of(authorization)
    if facts is None or (left := _seconds_left(facts)) <= 0:
        return None
    is_certain = facts.access_version == version and not facts.is_suspended
    ends_at = begin + min(left, VALIDITY * random.uniform(0.8, 1))  # noqa: S311
    if tokens is None or not is_certain or generation != wire.generation:
        return State(facts, sources if is_certain else (), ends_at)
    command = read_command(sources)
    return State(facts, sources, ends_at, tokens, command, generation)


def _sources(authorization: str, before: State | None) -> tuple[int, Sequence[UUID]]:
    """Return the access version, and everything that can change the facts."""
    if not settings.REDIS_URL:
        return 0, ()
    if before is not None and before.sources:
        return before.facts.access_version, before.sources
    facts = facts_of(authorization)
    if facts is None:
        return 0, ()
    version, lists = lists_of(facts.user)
    if len(lists) > MOST_SOURCES:
        return version, ()
    return version, (EVERYONE, facts.user, *lists)


def _take(sources: Sequence[UUID]) -> Tokens | None:
    if not sources:
        return None
    try:
        return take(sources)
    except redis.RedisError:
        return None


def _seconds_left(facts: Facts) -> float:
    """Return how long the key may be used without noting that it was."""
    ends = [facts.last_used_at + LAST_USED_STEP] if facts.last_used_at else [facts.now]
    ends += [facts.expires_at] if facts.expires_at else []
    return (min(ends) - facts.now).total_seconds()
