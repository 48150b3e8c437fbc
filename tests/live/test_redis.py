"""Redis stops, hangs or is full, and comes back; no request fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.live.stack import Client, Stack
from tests.live.waiting import wait_until

PERSON, PASSWORD = "rita", "correct horse battery staple"
LIST = "/admin/todos/todo/"
Mend = Callable[[], object]


@pytest.fixture(scope="module")
def _person(started_stack: Stack) -> None:
    started_stack.add_user(PERSON, PASSWORD)


def stop(stack: Stack) -> Mend:
    stack.supervisor("stop", "redis")
    return lambda: stack.supervisor("start", "redis")


def freeze(stack: Stack) -> Mend:
    stack.freeze("redis")
    return lambda: stack.thaw("redis")


def fill(stack: Stack) -> Mend:
    usual: Any = stack.redis.config_get("maxmemory*")
    stack.redis.config_set("maxmemory-policy", "noeviction")
    stack.redis.config_set("maxmemory", "1")
    return lambda: [stack.redis.config_set(*setting) for setting in usual.items()]


@pytest.fixture(params=[stop, freeze, fill])
def trouble(request: pytest.FixtureRequest, stack: Stack) -> Iterator[Mend]:
    """Redis as it should not be; call it to have Redis as it should be."""
    mended: list[object] = []
    mend = request.param(stack)

    def once() -> None:
        if not mended:
            mended.append(mend())

    yield once
    once()


def sign_in(stack: Stack) -> Client:
    client = stack.client()
    page = client.get("/admin/login/")
    assert page.status_code == 200
    typed = {
        "csrfmiddlewaretoken": client.cookies["csrftoken"],
        "username": PERSON,
        "password": PASSWORD,
    }
    headers = {"Referer": f"{stack.url}/admin/login/"}
    answer = client.post("/admin/login/", typed, headers=headers, allow_redirects=False)
    assert answer.status_code == 302, answer.status_code
    return client


def sign_out(client: Client) -> None:
    typed = {"csrfmiddlewaretoken": client.cookies["csrftoken"]}
    headers = {"Referer": f"{client.url}{LIST}"}
    answer = client.post(
        "/admin/logout/", typed, headers=headers, allow_redirects=False
    )
    assert answer.status_code < 400, answer.status_code


def is_signed_in(client: Client) -> bool:
    return bool(client.get(LIST, allow_redirects=False).status_code == 200)


def sign_of(stack: Stack, name: str) -> datetime:
    query = "SELECT at FROM core_heartbeat WHERE name = %s"
    ((at,),) = stack.sql(query, name)
    assert isinstance(at, datetime)
    return at


@pytest.mark.usefixtures("_person")
def test_the_service_works_without_redis_and_recovers_with_it(
    stack: Stack, key: str, trouble
):
    readiness = stack.readiness_when("degraded")
    assert readiness["checks"]["cache"] == "failed"
    assert readiness["checks"]["broker"] == "failed"

    slow = use(stack, key)
    last_sign = sign_of(stack, "worker")
    trouble()

    assert slow < 1.5
    wait_until(
        lambda: sign_of(stack, "worker") > last_sign,
        what="a task went from beat to the worker again",
    )
    stack.wait_ready()


def use(stack: Stack, key: str) -> float:
    """Read, write, sign in and out a few times; return how long that took at worst.

    Two requests are left out: whatever else this machine does may have held them up.
    """
    times = []

    def timed(client: Client, method: str, path: str, **options: Any) -> Any:
        begin = time.monotonic()
        answer = client.request(method, path, **options)
        times.append(time.monotonic() - begin)
        assert answer.ok, (path, answer.status_code)
        return answer

    with stack.client(key=key) as api:
        for number in range(20):
            made = timed(api, "POST", "/api/v1/todos", json={"content": f"{number}"})
            timed(api, "GET", f"/api/v1/todos/{made.json()['id']}")
            timed(api, "GET", "/api/v1/todos")
    with sign_in(stack) as browser:
        for _ in range(5):
            timed(browser, "GET", LIST)
        sign_out(browser)
        assert not is_signed_in(browser)
    return sorted(times)[-3]


@pytest.mark.usefixtures("_person")
@pytest.mark.parametrize("go_wrong", [stop, freeze])
def test_a_session_that_ended_without_redis_stays_ended(stack: Stack, go_wrong):
    with sign_in(stack) as browser, stack.client() as twin:
        session = browser.cookies["sessionid"]
        twin.cookies["sessionid"] = session
        copy = f"todo:1:session.{session}"
        wait_until(
            lambda: is_signed_in(twin) and stack.redis.exists(copy),
            what="the session is copied",
        )
        mend = go_wrong(stack)
        try:
            sign_out(browser)
        finally:
            mend()
        stack.wait_ready()

        assert stack.redis.exists(copy)
        assert not is_signed_in(twin)
