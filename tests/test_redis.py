"""Redis may stop, hang or be full: reads are cache misses, and nothing fails."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
import redis
from django.core.cache import caches

from tests.redis_server import DAMAGED, RedisServer
from todo_project import redis as ours
from todo_project.redis import Breaker, RedisCache

TIMEOUT = 5  # seconds to wait for a frozen Redis


@pytest.fixture
def breaker(monkeypatch) -> Breaker:
    """A new circuit breaker, whose pause is longer than any test."""
    fresh = Breaker()
    monkeypatch.setattr(ours, "breaker", fresh)
    monkeypatch.setattr(ours, "PAUSE", 600)
    return fresh


@pytest.fixture
def server(breaker, settings) -> Iterator[RedisServer]:
    """A Redis with a timeout that is long enough for a busy machine."""
    settings.REDIS_TIMEOUT = 30
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture
def cache(server) -> RedisCache:
    return RedisCache(server.url, {"KEY_PREFIX": "todo"})


@pytest.fixture
def short_timeout(server, settings) -> None:
    settings.REDIS_TIMEOUT = TIMEOUT


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < seconds


def test_a_cached_value_is_returned(cache):
    cache.set("name", ["值", 1], timeout=60)
    assert cache.get("name") == ["值", 1]
    assert cache.get("other", default="nothing") == "nothing"
    assert cache.delete("name")
    assert cache.get("name") is None


def test_values_in_redis_are_json_with_a_checksum(cache, server):
    cache.set("name", {"a": 1})
    assert server.client.get("todo:1:name") == b'{"a": 1} fba18e97'


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_value_is_a_miss(cache, server, damaged):
    cache.set("name", ["a page"])
    server.client.set("todo:1:name", damaged(server.client.get("todo:1:name")))
    assert cache.get("name", default="nothing") == "nothing"


def test_a_stopped_redis_is_an_empty_cache(cache, server):
    cache.set("name", 1)
    server.kill()
    assert cache.get("name", default="nothing") == "nothing"
    assert not cache.set("name", 2)
    assert not cache.delete("name")
    assert cache.get_many(["name"]) == {}


@pytest.mark.usefixtures("short_timeout")
def test_a_frozen_redis_times_out_once_and_is_then_skipped(cache, server):
    cache.set("name", 1)
    server.freeze()
    with within(2 * TIMEOUT):
        assert cache.get("name") is None
    with within(TIMEOUT):
        for number in range(100):
            cache.set(str(number), number)
            assert cache.get("name") is None


@pytest.mark.usefixtures("short_timeout")
def test_a_frozen_redis_times_out_once_on_the_first_connection(cache, server):
    server.freeze()
    with within(2 * TIMEOUT):
        assert cache.get("name") is None


def test_a_recovered_redis_is_used_again_after_a_pause(
    cache, server, breaker, monkeypatch
):
    server.kill()
    assert cache.get("name") is None
    server.start()
    assert cache.get("name") is None
    assert breaker.is_open()
    monkeypatch.setattr(ours, "PAUSE", 0)
    breaker.fail(redis.ConnectionError())
    cache.set("name", 1)
    assert cache.get("name") == 1
    assert not breaker.is_open()


def test_after_the_pause_only_one_caller_retries(breaker, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(ours, "time", SimpleNamespace(monotonic=lambda: now))
    breaker.fail(redis.ConnectionError())
    assert breaker.is_open()
    now += ours.PAUSE
    assert not breaker.is_open()
    assert breaker.is_open()
    breaker.succeed()
    assert not breaker.is_open()


def test_a_full_redis_stores_nothing_but_can_be_read(cache, server, breaker):
    cache.set("old", 1)
    server.fill()
    assert not cache.set("new", 1)
    assert cache.get("new") is None
    assert cache.get("old") == 1
    assert not breaker.is_open()


@pytest.fixture
def web_server(tmp_path) -> Iterator[str]:
    """A server that is not Redis, at the address of Redis; yields its URL."""
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        thread = threading.Thread(target=refuse_all, args=(listening,))
        thread.start()
        yield f"unix://{path}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def refuse_all(listening: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _address = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_another_server_at_the_address_is_an_empty_cache(breaker, web_server):
    cache = RedisCache(web_server, {})
    assert cache.get("name", default="nothing") == "nothing"
    assert breaker.is_open()
    assert not cache.set("name", 1)


def test_a_redis_that_comes_back_full_counts_as_available(
    cache, server, breaker, monkeypatch, caplog
):
    caplog.set_level(logging.INFO, logger=ours.logger.name)
    monkeypatch.setattr(ours, "PAUSE", 0)
    server.fill()
    breaker.fail(redis.ConnectionError())
    assert not cache.set("new", 1)
    assert caplog.messages[-1] == "redis answers again"


def test_an_outage_and_the_recovery_are_logged_once_each(
    cache, server, breaker, monkeypatch, caplog
):
    monkeypatch.setattr(ours, "PAUSE", 0)
    with caplog.at_level(logging.INFO, logger=ours.logger.name):
        server.kill()
        for _ in range(3):
            cache.get("name")
        server.start()
        for _ in range(3):
            cache.get("name")
    logged = [record.getMessage() for record in caplog.records]
    assert logged == ["redis does not answer", "redis answers again"]


def test_ask_once_ignores_the_open_breaker(server, breaker):
    breaker.fail(redis.ConnectionError())
    with ours.ask_once(server.url) as client:
        assert client.ping()


@pytest.mark.usefixtures("short_timeout")
def test_ask_once_times_out_on_a_frozen_redis(server):
    server.freeze()
    with (
        within(3 * TIMEOUT),
        pytest.raises(redis.TimeoutError),
        ours.ask_once(server.url) as client,
    ):
        client.ping()


def test_without_redis_nothing_is_cached():
    caches["default"].set("name", 1)
    assert caches["default"].get("name") is None
