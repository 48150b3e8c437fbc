"""Redis may stop, hang or be full: what was cached is missed, and nothing fails."""

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

from tests.redis_server import RedisServer
from todo_project import redis as ours
from todo_project.redis import Breaker, RedisCache

PATIENCE = 5  # seconds for which a frozen Redis is waited for here


@pytest.fixture
def breaker(monkeypatch) -> Breaker:
    """What this process remembers of Redis; it forgets as soon as it is told to."""
    fresh = Breaker()
    monkeypatch.setattr(ours, "breaker", fresh)
    monkeypatch.setattr(ours, "PAUSE", 600)  # longer than any test
    return fresh


@pytest.fixture
def server(breaker, settings) -> Iterator[RedisServer]:
    """A Redis whose answers are waited for, however busy the machine is."""
    settings.REDIS_TIMEOUT = 30
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture
def cache(server) -> RedisCache:
    return RedisCache(server.url, {"KEY_PREFIX": "todo"})


@pytest.fixture
def impatient(server, settings) -> None:
    settings.REDIS_TIMEOUT = PATIENCE


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < seconds


def test_what_was_put_in_is_given_back(cache):
    cache.set("name", ["值", 1], timeout=60)
    assert cache.get("name") == ["值", 1]
    assert cache.get("other", default="nothing") == "nothing"
    assert cache.delete("name")
    assert cache.get("name") is None


def test_what_stands_in_redis_is_no_program(cache, server):
    cache.set("name", {"a": 1})
    assert server.client.get("todo:1:name") == b'{"a": 1}'


def test_what_no_cache_wrote_is_a_miss(cache, server):
    server.client.set("todo:1:name", b"\xffnonsense")
    assert cache.get("name", default="nothing") == "nothing"


def test_a_stopped_redis_is_an_empty_cache(cache, server):
    cache.set("name", 1)
    server.kill()
    assert cache.get("name", default="nothing") == "nothing"
    assert not cache.set("name", 2)
    assert not cache.delete("name")
    assert cache.get_many(["name"]) == {}


@pytest.mark.usefixtures("impatient")
def test_a_frozen_redis_is_waited_for_once_and_left_alone_after_that(cache, server):
    cache.set("name", 1)
    server.freeze()
    with within(2 * PATIENCE):
        assert cache.get("name") is None
    with within(PATIENCE):
        for number in range(100):
            cache.set(str(number), number)
            assert cache.get("name") is None


@pytest.mark.usefixtures("impatient")
def test_a_frozen_redis_that_is_met_for_the_first_time_is_waited_for_once(
    cache, server
):
    server.freeze()
    with within(2 * PATIENCE):
        assert cache.get("name") is None


def test_a_redis_that_is_back_is_used_again_after_a_pause(
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


def test_after_the_pause_one_caller_tries_for_all(breaker, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(ours, "time", SimpleNamespace(monotonic=lambda: now))
    breaker.fail(redis.ConnectionError())
    assert breaker.is_open()
    now += ours.PAUSE
    assert not breaker.is_open()
    assert breaker.is_open()
    breaker.succeed()
    assert not breaker.is_open()


def test_a_full_redis_keeps_nothing_new_and_gives_what_it_has(cache, server, breaker):
    cache.set("old", 1)
    server.fill()
    assert not cache.set("new", 1)
    assert cache.get("new") is None
    assert cache.get("old") == 1
    assert not breaker.is_open()


@pytest.fixture
def web_server(tmp_path) -> Iterator[str]:
    """Something that is no Redis, where Redis should be; its address."""
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


def test_what_is_no_redis_is_an_empty_cache(breaker, web_server):
    cache = RedisCache(web_server, {})
    assert cache.get("name", default="nothing") == "nothing"
    assert breaker.is_open()
    assert not cache.set("name", 1)


def test_a_redis_that_is_back_and_full_is_back(
    cache, server, breaker, monkeypatch, caplog
):
    caplog.set_level(logging.INFO, logger=ours.logger.name)
    monkeypatch.setattr(ours, "PAUSE", 0)
    server.fill()
    breaker.fail(redis.ConnectionError())
    assert not cache.set("new", 1)
    assert caplog.messages[-1] == "redis answers again"


def test_the_log_tells_once_that_it_is_away_and_once_that_it_is_back(
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
    told = [record.getMessage() for record in caplog.records]
    assert told == ["redis does not answer", "redis answers again"]


def test_a_single_question_is_asked_even_while_requests_leave_redis_alone(
    server, breaker
):
    breaker.fail(redis.ConnectionError())
    with ours.ask_once(server.url) as client:
        assert client.ping()


@pytest.mark.usefixtures("impatient")
def test_a_single_question_to_a_frozen_redis_is_soon_given_up(server):
    server.freeze()
    with (
        within(3 * PATIENCE),
        pytest.raises(redis.TimeoutError),
        ours.ask_once(server.url) as client,
    ):
        client.ping()


def test_without_redis_nothing_is_cached():
    caches["default"].set("name", 1)
    assert caches["default"].get("name") is None
