"""Tokens in Redis: an answer is current as long as the tokens of its sources stay.

A source is a list, a person, or everyone. After each commit the writer replaces the
tokens of what it has changed, before its client gets the response. A reader takes the
tokens before it reads the database, so no later change can go unnoticed.

A writer that cannot reach Redis suspends the tokens in the database, which readers ask
at least once a second; then each of their answers is checked in the database.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import Error
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now

from core.ids import new_id
from core.models import Installation
from todo_project.observability.timing import cache_call
from todo_project.redis import NO_ANSWER, breaker, connection_options

logger = logging.getLogger(__name__)

VALIDITY = 0.75  # seconds after which an answer is checked in the database again
COMMITTING = 0.25  # seconds from the time of a suspension until readers can see it
SUSPENSION = timedelta(seconds=30)
RENEWAL = timedelta(seconds=20)  # what is left of a suspension when it is prolonged
LIFETIME = 3600  # seconds; a token that has expired is replaced when it is needed

Tokens = list[bytes | None]


class Wire:
    """A connection to Redis for each thread, with little work for each command.

    `generation` changes with every new connection: after a restart, Redis may have
    older tokens than those that were read before.
    """

    def __init__(self) -> None:
        self._generations = count(1)
        self.generation = 0
        self._of_thread = threading.local()

    def pack(self, *command: Any) -> bytes:
        return b"".join(self._connect().pack_command(*command))

    def ask(self, packed: bytes) -> Any:
        """Send a command; raise redis.ConnectionError if there is no answer in time."""
        if breaker.is_open():
            raise redis.ConnectionError("Redis did not answer a moment ago.")
        try:
            with cache_call():
                connection = self._connect()
                connection.send_packed_command([packed])
                answer = connection.read_response(disable_decoding=True)
        except redis.ResponseError:  # such as "out of memory"
            raise
        except NO_ANSWER as error:
            self._drop()
            breaker.fail(error)
            raise redis.ConnectionError(str(error)) from error
        except BaseException:
            self._drop()  # the answer may still arrive, and is not that of the next
            raise
        breaker.succeed()
        return answer

    def _connect(self) -> Any:
        connection: Any = getattr(self._of_thread, "connection", None)
        if not settings.REDIS_URL:
            raise redis.ConnectionError("There is no Redis.")
        if connection is None:
            pool = redis.ConnectionPool.from_url(
                settings.REDIS_URL, **connection_options()
            )
            self._of_thread.connection = connection = pool.make_connection()
            self.generation = next(self._generations)
        return connection

    def forget(self) -> None:
        """Leave the connection to the parent process."""
        self._of_thread = threading.local()

    def _drop(self) -> None:
        connection: Any = getattr(self._of_thread, "connection", None)
        self._of_thread.connection = None
        if connection is not None:
            connection.disconnect()


wire = Wire()
os.register_at_fork(after_in_child=wire.forget)


def read_command(sources: Collection[UUID]) -> bytes:
    """Return the command that reads the tokens of the sources."""
    return wire.pack("MGET", *map(_name, sources))


def take(sources: Sequence[UUID]) -> Tokens:
    """Return the tokens of the sources; create those that are missing."""
    command = read_command(sources)
    tokens: Tokens = wire.ask(command)
    missing = [one for one, token in zip(sources, tokens, strict=True) if token is None]
    for source in missing:
        _set(source, "NX")
    return wire.ask(command) if missing else tokens


def renew(sources: Collection[UUID]) -> None:
    """Replace the tokens of what has changed; suspend all if Redis does not answer.

    The change is already committed, so no failure may reach the client.
    """
    if not settings.REDIS_URL:
        return
    try:
        for source in sources:
            _set(source)
    except redis.RedisError:
        try:
            suspend()
        except Error:
            logger.warning("the cache is not suspended", exc_info=True)
            time.sleep(VALIDITY)


def suspend() -> None:
    """Let readers check each answer in the database, and wait until they all do.

    Writers after the first second of an outage find it suspended and do not wait.
    """
    since, left = _suspension()
    if left < RENEWAL:
        ended = Q(cache_suspended_until=None) | Q(cache_suspended_until__lte=Now())
        Installation.objects.update(
            cache_suspended_from=Case(
                When(ended, then=Now()), default=F("cache_suspended_from")
            ),
            cache_suspended_until=Now() + SUSPENSION,
        )
        since, _left = _suspension()
    time.sleep(max(0.0, VALIDITY + COMMITTING - since.total_seconds()))


def _suspension() -> tuple[timedelta, timedelta]:
    """Return how long the tokens have been suspended, and how long they will be."""
    found = Installation.objects.values_list(
        "cache_suspended_from", "cache_suspended_until", Now()
    )
    begin, end, now = found.get()
    return (now - begin, end - now) if end else (timedelta(0), timedelta(0))


def _set(source: UUID, *options: str) -> None:
    token = new_id().bytes
    wire.ask(wire.pack("SET", _name(source), token, "EX", LIFETIME, *options))


def _name(source: UUID) -> str:
    return f"todo:token:{source.hex}"
