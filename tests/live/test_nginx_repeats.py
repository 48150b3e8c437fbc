"""Which requests nginx repeats on another server when an app server dies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.nginx import Nginx
from tests.live.test_nginx_refusals import KEY

VERSION = {"If-Match": '"7"'}


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    """nginx without max_fails, because these tests kill many app servers."""
    with Nginx(numbers={" max_fails=10 ": " max_fails=0 "}) as running:
        yield running


def tries(nginx: Nginx, tmp_path, method: str, path: str, headers=None):
    """Send a request whose first server dies; return status and number of tries."""
    note = tmp_path / "tries"
    tmp_path.chmod(0o777)
    with nginx.client() as client:
        answer = client.request(method, f"{path}?die={note}", headers=headers)
    return answer.status_code, len(note.read_text().splitlines())


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/todos"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_idempotent_methods_are_repeated(nginx: Nginx, tmp_path, method, path):
    assert tries(nginx, tmp_path, method, path) == (200, 2)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", KEY), ("PATCH", VERSION), ("PATCH", {"If-Match": 'W/"7"'})],
)
def test_requests_with_idempotency_key_or_if_match_are_repeated(
    nginx: Nginx, tmp_path, method, headers
):
    assert tries(nginx, tmp_path, method, "/api/v1/todos", headers) == (200, 2)


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
def test_other_requests_are_not_repeated(nginx: Nginx, tmp_path, method, path, headers):
    assert tries(nginx, tmp_path, method, path, headers) == (502, 1)


def test_a_refusal_of_a_repeatable_request_is_a_problem_too(nginx: Nginx):
    with nginx.client() as client:
        answer = client.post("/api/v1/todos", headers=KEY, data=b"x" * 2_000_000)
    assert answer.status_code == 413
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_every_attempt_is_logged(nginx: Nginx, tmp_path):
    note = tmp_path / "tries"
    with nginx.client() as client:
        received = client.get(f"/?die={note}").json()
    line = nginx.lines(received["HTTP_X_REQUEST_ID"])[0]
    assert line["upstream_status"] == "502, 200"
    assert line["status"] == 200
