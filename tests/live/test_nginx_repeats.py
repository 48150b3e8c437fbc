"""An app server dies with a request: what nginx asks the next one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.door import Door
from tests.live.test_nginx_refusals import KEY

VERSION = {"If-Match": '"7"'}


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """A door that never gives up a server, since these tests end so many."""
    with Door(numbers={" max_fails=10 ": " max_fails=0 "}) as running:
        yield running


def tries(door: Door, tmp_path, method: str, path: str, headers=None):
    """Send a request whose first server dies; return status and number of tries."""
    note = tmp_path / "tries"
    tmp_path.chmod(0o777)
    with door.client() as client:
        answer = client.request(method, f"{path}?die={note}", headers=headers)
    return answer.status_code, len(note.read_text().splitlines())


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/todos"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_what_may_be_done_twice_is_repeated(door: Door, tmp_path, method, path):
    assert tries(door, tmp_path, method, path) == (200, 2)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", KEY), ("PATCH", VERSION), ("PATCH", {"If-Match": 'W/"7"'})],
)
def test_what_has_one_effect_however_often_it_comes_is_repeated(
    door: Door, tmp_path, method, headers
):
    assert tries(door, tmp_path, method, "/api/v1/todos", headers) == (200, 2)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/api/v1/todos", {}),
        ("POST", "/api/v1/todos", VERSION),
        ("POST", "/admin/todos/todo/add/", KEY),
        ("PATCH", "/api/v1/todos/1", {}),
        ("PATCH", "/api/v1/todos/1", KEY),
        ("PATCH", "/api/v1/todos/1", {"If-Match": "*"}),
    ],
)
def test_what_might_be_done_twice_is_not(door: Door, tmp_path, method, path, headers):
    assert tries(door, tmp_path, method, path, headers) == (502, 1)


def test_a_refusal_of_a_repeatable_request_is_a_problem_too(door: Door):
    with door.client() as client:
        answer = client.post("/api/v1/todos", headers=KEY, data=b"x" * 2_000_000)
    assert answer.status_code == 413
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_the_log_tells_of_every_try(door: Door, tmp_path):
    note = tmp_path / "tries"
    with door.client() as client:
        told = client.get(f"/?die={note}").json()
    line = door.lines(told["HTTP_X_REQUEST_ID"])[0]
    assert line["upstream_status"] == "502, 200"
    assert line["status"] == 200
