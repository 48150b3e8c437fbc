"""The cache in Redis, which may stop, hang or be full: then there is no cache.

All that is cached goes through here, so that Redis, or its library, can be exchanged.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import redis
from django.conf import settings
from django_redis.cache import RedisCache as StockRedisCache

from todo_project.observability.metrics import count_cache_read
from todo_project.observability.timing import cache_call

logger = logging.getLogger(__name__)

PAUSE = 5.0  # seconds for which Redis is left alone after it did not answer
# The last is of a server that is no Redis: something else may listen there by now.
NO_ANSWER = (redis.ConnectionError, redis.TimeoutError, redis.InvalidResponse)
MISSING = object()


class Breaker:
    """Remembers that Redis does not answer, so that not each request waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_until: float | None = None

    def is_open(self) -> bool:
        """Tell whether to leave Redis alone; after a pause, one caller may try it."""
        if self._open_until is None:
            return False
        with self._lock:
            now = time.monotonic()
            if self._open_until is None or now < self._open_until:
                return self._open_until is not None
            self._open_until = now + PAUSE
            return False

    def fail(self, error: Exception) -> None:
        with self._lock:
            is_news = self._open_until is None
            self._open_until = time.monotonic() + PAUSE
        if is_news:
            logger.warning("redis does not answer", extra={"cause": str(error)})

    def succeed(self) -> None:
        if self._open_until is None:
            return
        with self._lock:
            is_news = self._open_until is not None
            self._open_until = None
        if is_news:
            logger.info("redis answers again")


breaker = Breaker()


class Client(redis.Redis):
    """Asks Redis once, for a quarter of a second at most, and not while it is away."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if breaker.is_open():
            raise redis.ConnectionError("Redis did not answer a moment ago.")
        try:
            with cache_call():
                answer = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except NO_ANSWER as error:
            breaker.fail(error)
            raise redis.ConnectionError(str(error)) from error
        except redis.ResponseError:  # it is full, say: an answer all the same
            breaker.succeed()
            raise
        breaker.succeed()
        return answer


class RedisCache(StockRedisCache):  # type: ignore[misc]
    """A cache whose failures are misses."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        params["OPTIONS"] = {
            "IGNORE_EXCEPTIONS": True,
            "REDIS_CLIENT_CLASS": f"{__name__}.Client",
            # What stands in the cache is data: pickles would be programs.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "CONNECTION_POOL_KWARGS": connection_options(),
        }
        super().__init__(server, params)

    def get(
        self, key: Any, default: Any = None, version: Any = None, client: Any = None
    ) -> Any:
        try:
            value = super().get(key, MISSING, version, client)
        except ValueError:  # another program's, or another release's
            value = MISSING
        count_cache_read(hit=value is not MISSING)
        return default if value is MISSING else value


def connection_options() -> dict[str, Any]:
    """Return how long to wait for Redis; without a limit its library waits for ever."""
    return {
        "socket_timeout": settings.REDIS_TIMEOUT,
        "socket_connect_timeout": settings.REDIS_TIMEOUT,
    }


def ask_once(url: str) -> redis.Redis:
    """Return a client for a single question, which no breaker keeps from asking."""
    return redis.Redis.from_url(url, **connection_options())
