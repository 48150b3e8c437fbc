"""Answers that were given, kept in the process and for other processes in Redis."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import redis
from django.conf import settings

from todo_project.front.state import State
from todo_project.front.tokens import wire
from todo_project.redis import with_checksum, without_checksum

Key = tuple[str, ...]

MOST_BYTES = 8 * 1024 * 1024  # of all answers in a process
OVERHEAD = 4096  # bytes of an answer without its key, body and state
SHARED = 32 * 1024  # bytes of the largest body in Redis, which may write it to disk
KEPT = 10  # seconds in Redis
MOMENT = 10.0  # seconds after which a repeated question counts as a new one
MOST_RECENT = 10_000  # questions
COMPUTING = 0.5  # seconds to wait for another request that computes the answer
PAUSE = 0.005  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered, and the state that it was made from."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    route: str
    state: State

    def size(self, key: Key) -> int:
        """Return roughly how many bytes it takes with its key."""
        state = 5 * len(self.state.command)  # sources and tokens as well
        return OVERHEAD + len(self.body) + sum(map(len, key)) + state


class Answers:
    """The answers of this process; the least recently used ones make room."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._computing = [threading.Lock() for _ in range(64)]

    def get(self, key: Key) -> Answer | None:
        with self._lock:
            if answer := self._answers.get(key):
                self._answers.move_to_end(key)
            return answer

    def put(self, key: Key, answer: Answer) -> None:
        with self._lock:
            self._remove(key)
            self._answers[key] = answer
            self._bytes += answer.size(key)
            while self._bytes > MOST_BYTES:
                self._remove(next(iter(self._answers)))

    def _remove(self, key: Key) -> None:
        if removed := self._answers.pop(key, None):
            self._bytes -= removed.size(key)

    @contextmanager
    def computing(self, key: Key) -> Iterator[None]:
        """Let one thread at a time find the answer; the others wait for it."""
        lock = self._computing[hash(key) % len(self._computing)]
        is_held = lock.acquire(timeout=COMPUTING)
        try:
            yield
        finally:
            if is_held:
                lock.release()


class Recent:
    """Questions that were answered a moment ago.

    Only answers that are asked for again are kept: others would only cost time and
    space.
    """

    def __init__(self) -> None:
        self._answered_at: OrderedDict[int, float] = OrderedDict()
        self._lock = threading.Lock()

    def has(self, key: Key) -> bool:
        answered_at = self._answered_at.get(hash(key), -math.inf)
        return time.monotonic() - answered_at < MOMENT

    def note(self, key: Key) -> None:
        with self._lock:
            self._answered_at[hash(key)] = time.monotonic()
            self._answered_at.move_to_end(hash(key))
            if len(self._answered_at) > MOST_RECENT:
                self._answered_at.popitem(last=False)

    def forget(self, key: Key) -> None:
        with self._lock:
            self._answered_at.pop(hash(key), None)


class SharedAnswers:
    """Answers in Redis, where other processes find them; none without Redis."""

    def find(self, key: Key, state: State) -> Answer | None:
        """Return the answer; wait for the process that computes it, if there is one.

        None means that the caller should compute it.
        """
        if not settings.REDIS_URL:
            return None
        name, until = _name(key), time.monotonic() + COMPUTING
        try:
            while time.monotonic() < until:
                if answer := self._get(name, state):
                    return answer
                busy = ("SET", f"{name}:busy", 1, "NX", "PX", int(COMPUTING * 1000))
                if wire.ask(wire.pack(*busy)):
                    return None
                time.sleep(PAUSE)
        except redis.RedisError:
            pass
        return None

    def _get(self, name: str, state: State) -> Answer | None:
        kept = wire.ask(wire.pack("GET", name))
        try:
            data = without_checksum(kept or b"")
        except ValueError:
            return None
        question, digest, body, status, headers, route = orjson.loads(data)
        if (question, digest) != (name, state.facts.digest):
            return None
        pairs = [(header, value) for header, value in headers]
        return Answer(status, pairs, body.encode(), route, state)

    def put(self, key: Key, answer: Answer) -> None:
        """Keep the answer unless it is large, and let go those who wait for it."""
        if len(answer.body) > SHARED:
            self.give_up(key)
            return
        name = _name(key)
        kept: list[Any] = [name, answer.state.facts.digest, answer.body.decode()]
        kept += [answer.status, answer.headers, answer.route]
        try:
            data = with_checksum(orjson.dumps(kept))
            wire.ask(wire.pack("SET", name, data, "EX", KEPT))
        except redis.RedisError:
            return
        self.give_up(key)

    def give_up(self, key: Key) -> None:
        """Let others compute the answer."""
        try:
            wire.ask(wire.pack("DEL", f"{_name(key)}:busy"))
        except redis.RedisError:
            return


def _name(key: Key) -> str:
    text = repr((settings.RELEASE, settings.SECRET_KEY, key))
    return f"todo:answer:{hashlib.sha256(text.encode()).hexdigest()}"
