"""The cache in Redis. If Redis stops, hangs or is full, every read is a miss.

All caching goes through this module, so that Redis or its library can be replaced.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any
from zlib import crc32

import redis
from django.conf import settings
from django_redis.cache import RedisCache as StockRedisCache
from django_redis.serializers.json import JSONSerializer

from todo_project.observability.metrics import count_cache_read
from todo_project.observability.timing import cache_call

logger = logging.getLogger(__name__)

PAUSE = 5.0  # seconds to skip Redis after it did not respond
# InvalidResponse: another program may be listening on Redis's port by now.
NO_ANSWER = (redis.ConnectionError, redis.TimeoutError, redis.InvalidResponse)
MISSING = object()


class Breaker:
    """A circuit breaker: after a failure, requests do not wait for Redis again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_until: float | None = None

    def is_open(self) -> bool:
        """Return whether to skip Redis; after the pause, one caller may try again."""
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
            was_closed = self._open_until is None
            self._open_until = time.monotonic() + PAUSE
        if was_closed:
            logger.warning("redis does not answer", extra={"cause": str(error)})

    def succeed(self) -> None:
        if self._open_until is None:
            return
        with self._lock:
            was_open = self._open_until is not None
            self._open_until = None
        if was_open:
            logger.info("redis answers again")


breaker = Breaker()


class Client(redis.Redis):
    """A client that tries once, for at most 0.25 s, unless the breaker is open."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if breaker.is_open():
            raise redis.ConnectionError("Redis did not answer a moment ago.")
        try:
            with cache_call():
                answer = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except NO_ANSWER as error:
            breaker.fail(error)
            raise redis.ConnectionError(str(error)) from error
        except redis.ResponseError:  # an error such as "out of memory" is a response
            breaker.succeed()
            raise
        breaker.succeed()
        return answer


def with_checksum(data: bytes) -> bytes:
    """Return the data as it is kept in Redis."""
    return b"%b %08x" % (data, crc32(data))


def without_checksum(kept: bytes) -> bytes:
    """Return the data; raise ValueError if it is damaged or another program's."""
    data, _space, checksum = kept.rpartition(b" ")
    if checksum != b"%08x" % crc32(data):
        raise ValueError("The value in Redis is damaged.")
    return data


class CheckedSerializer(JSONSerializer):  # type: ignore[misc]
    """JSON, because loading a pickle can run code; damaged values are misses."""

    def dumps(self, value: Any) -> bytes:
        return with_checksum(super().dumps(value))

    def loads(self, value: bytes) -> Any:
        return super().loads(without_checksum(value))


class RedisCache(StockRedisCache):  # type: ignore[misc]
    """A cache whose failures are misses."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        params["OPTIONS"] = {
            "IGNORE_EXCEPTIONS": True,
            "REDIS_CLIENT_CLASS": f"{__name__}.Client",
            "SERIALIZER": f"{__name__}.CheckedSerializer",
            "CONNECTION_POOL_KWARGS": connection_options(),
        }
        super().__init__(server, params)

    def get(
        self, key: Any, default: Any = None, version: Any = None, client: Any = None
    ) -> Any:
        try:
            value = super().get(key, MISSING, version, client)
        except ValueError:  # damaged, or written by another program or release
            value = MISSING
        count_cache_read(hit=value is not MISSING)
        return default if value is MISSING else value


def connection_options() -> dict[str, Any]:
    """Return timeouts in seconds; redis-py has none by default."""
    return {
        "socket_timeout": settings.REDIS_TIMEOUT,
        "socket_connect_timeout": settings.REDIS_TIMEOUT,
    }


def ask_once(url: str) -> redis.Redis:
    """Return a client for a single command, which bypasses the circuit breaker."""
    return redis.Redis.from_url(url, **connection_options())
