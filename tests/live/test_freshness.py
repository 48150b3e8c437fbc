"""No answer is outdated, whatever happens to Redis; a broken cache is noticed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import requests

from tests.live.freshness.checker import PASSWORD, Checker, Person
from tests.live.freshness.servers import NOWHERE, app_server, app_servers
from tests.live.stack import Stack
from tests.redis_server import RedisServer
from tests.samples import samples_of

SECONDS = 6
MOST_SECONDS = 60  # until a fault is noticed


@pytest.fixture(autouse=True)
def _not_suspended(stack: Stack) -> Iterator[None]:
    """Undo the suspension of another test: then every answer would be checked."""
    end_suspension(stack)
    yield
    end_suspension(stack)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis of these tests, as the shared one must not be disturbed."""
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def keys(started_stack: Stack) -> dict[str, str]:
    for name in ("ann", "bob", "carl"):
        started_stack.add_user(name, PASSWORD)
    every = ("todos", "lists", "members", "labels", "keys")
    scopes = [f"{name}:{mode}" for name in every for mode in ("read", "write")]
    options = [part for scope in scopes for part in ("--scope", scope)]
    made = {}
    for name in ("ann", "bob", "carl"):
        done = started_stack.manage("createapikey", name, *options)
        assert done.returncode == 0, done.stderr
        made[name] = done.stdout.strip()
    return made


def everyone(
    checker: Checker, keys: dict[str, str], readers: list[str], writers: list[str]
) -> list[Callable[[], None]]:
    """Return what everyone does, on lists that are made here."""
    ann, bob, carl = (Person(name, keys[name], readers, writers) for name in keys)
    shared = ann.write("POST", "lists", {"name": "Shared"}).json()["id"]
    member = {"person": "bob", "role": "editor"}
    ann.write("POST", f"lists/{shared}/members", member)
    todos = [
        ann.write("POST", "todos", {"list": shared, "content": "x"}).json()["id"]
        for _ in range(2)
    ]
    lent = ann.write("POST", "lists", {"name": "Lent"}).json()["id"]
    one = ann.write("POST", "todos", {"list": lent, "content": "x"}).json()["id"]
    return [
        partial(checker.write_and_read, ann, todos[0]),
        partial(checker.write_and_read, bob, todos[1]),
        partial(checker.read_of_others, ann, todos[1]),
        partial(checker.read_of_others, bob, todos[0]),
        partial(checker.share_and_revoke, ann, carl, lent, one),
        partial(checker.revoke_key, carl),
    ]


def answers_from_cache(stack: Stack, server: str) -> float:
    bearer = {"Authorization": f"Bearer {stack.operator_token}"}
    answer = requests.get(f"{server}/metrics", headers=bearer, timeout=30)
    return samples_of(answer.text)["todo_cache_reads_total"]["hit",]


def end_suspension(stack: Stack) -> None:
    stack.sql("UPDATE core_installation SET cache_suspended_until = NULL RETURNING id")


def disturb(stack: Stack, redis_server: RedisServer) -> None:
    """Empty Redis, restart it and freeze it, and let the servers use it afterwards."""
    redis_server.client.flushall()
    time.sleep(0.3)
    redis_server.kill()
    time.sleep(0.3)
    redis_server.start()
    end_suspension(stack)
    time.sleep(0.3)
    redis_server.freeze()
    time.sleep(0.5)
    redis_server.unfreeze()
    end_suspension(stack)
    time.sleep(0.3)


def test_no_answer_is_outdated_while_redis_is_emptied_restarted_and_frozen(
    stack: Stack, keys: dict[str, str], redis_server: RedisServer
):
    checker = Checker(SECONDS)
    with app_servers(stack, redis_server.url, 3) as servers:
        activities = everyone(checker, keys, servers, servers)
        checker.run(*activities, partial(disturb, stack, redis_server))
        repeated = sum(answers_from_cache(stack, server) for server in servers)
    assert checker.outdated == []
    assert repeated > 100


def test_no_answer_is_outdated_if_only_writers_cannot_reach_redis(
    stack: Stack, keys: dict[str, str], redis_server: RedisServer
):
    checker = Checker(SECONDS)
    with (
        app_servers(stack, redis_server.url, 2) as readers,
        app_server(stack, NOWHERE) as writer,
    ):
        checker.run(*everyone(checker, keys, readers, [writer]))
    assert checker.outdated == []


@pytest.mark.parametrize(
    "fault",
    [
        "tokens are not replaced",
        "tokens are valid for ever",
        "pages depend on nothing",
    ],
)
def test_outdated_answers_are_noticed(
    stack: Stack, keys: dict[str, str], redis_server: RedisServer, fault: str
):
    checker = Checker(MOST_SECONDS, until_outdated=True)
    with app_servers(stack, redis_server.url, 2, fault) as servers:
        checker.run(*everyone(checker, keys, servers, servers))
    assert checker.outdated


def test_outdated_answers_are_noticed_if_tokens_are_not_suspended(
    stack: Stack, keys: dict[str, str], redis_server: RedisServer
):
    checker = Checker(MOST_SECONDS, until_outdated=True)
    with (
        app_servers(stack, redis_server.url, 2) as readers,
        app_server(stack, NOWHERE, "tokens are not suspended") as writer,
    ):
        checker.run(*everyone(checker, keys, readers, [writer]))
    assert checker.outdated
