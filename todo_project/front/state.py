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
    the database can tell. Sources are unknown as long as Redis has not answered.
    """

    facts: Facts
    ends_at: float
    sources: Sequence[UUID] | None = None
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
    """Return the present state; None if the key may not be used or if its use has to be
    recorded.

    `before` is an earlier state, whose sources are the same with the same access
    version.
    """
    if before is None or before.sources is None:
        return _first_state(authorization)
    version = before.facts.access_version
    state = _state(authorization, before.sources, version)
    changed = state is not None and state.facts.access_version != version
    return _first_state(authorization) if changed else state


def _first_state(authorization: str) -> State | None:
    """Return the state with its sources, which have to be found in the database."""
    state = _state(authorization)
    is_usable = state is not None and not state.facts.is_suspended
    if state is None or not is_usable or _take([EVERYONE]) is None:
        return state
    version, lists = lists_of(state.facts.user)
    sources = (EVERYONE, state.facts.user, *lists)
    return _state(authorization, sources[: MOST_SOURCES + 1], version)


def _state(
    authorization: str, sources: Sequence[UUID] | None = None, version: int = 0
) -> State | None:
    begin, generation = time.monotonic(), wire.generation
    tokens = _take(sources) if sources and len(sources) <= MOST_SOURCES else None
    facts = facts_of(authorization)
    if facts is None or (left := _seconds_left(facts)) <= 0:
        return None
    ends_at = begin + min(left, VALIDITY * random.uniform(0.8, 1))  # noqa: S311
    is_certain = facts.access_version == version and not facts.is_suspended
    if not sources or tokens is None or not is_certain or generation != wire.generation:
        return State(facts, ends_at, sources)
    return State(facts, ends_at, sources, tokens, read_command(sources), generation)


def _take(sources: Sequence[UUID]) -> Tokens | None:
    """Return the tokens; None without Redis, or if it does not answer or keep them."""
    if not settings.REDIS_URL:
        return None
    try:
        tokens = take(sources)
    except redis.RedisError:
        return None
    return None if None in tokens else tokens


def _seconds_left(facts: Facts) -> float:
    """Return how long the key may be used without noting that it was."""
    ends = [facts.last_used_at + LAST_USED_STEP] if facts.last_used_at else [facts.now]
    ends += [facts.expires_at] if facts.expires_at else []
    return (min(ends) - facts.now).total_seconds()
