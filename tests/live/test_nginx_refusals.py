"""What nginx says when it refuses: pages to people, problems to clients."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

import pytest

from core.api.problems import STATUSES
from tests.live.door import Door
from tests.live.waiting import wait_until

LONG = b"x" * 9000
NO_SERVER = (
    "server unix:/nonexistent/a.sock max_fails=0;\n"
    "server unix:/nonexistent/b.sock max_fails=0;\n"
)
# What nginx can refuse, as it goes over the wire below a path.
REFUSED = {
    400: b"GET %s HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n",
    405: b"TRACE %s HTTP/1.1\r\nHost: localhost\r\n",
    413: b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1200000\r\n",
    414: b"GET %s" + LONG + b" HTTP/1.1\r\nHost: localhost\r\n",
    421: b"GET %s HTTP/1.1\r\nHost: evil.test\r\n",
    431: b"GET %s HTTP/1.1\r\nHost: localhost\r\nX-Long: " + LONG + b"\r\n",
}
# nginx alone knows these, or knows more of them.
OWN = {
    414: ("Address too long", "address_too_long"),
    421: ("Misdirected request", "unknown_host"),
    502: ("Bad gateway", "unreachable"),
    503: (STATUSES[503].title, "maintenance"),
    504: ("Gateway timeout", "timeout"),
}
KEY = {"Idempotency-Key": "7d3c"}
RETRY_AFTER = {429: "1", 502: "2", 503: "60", 504: "10"}


@pytest.fixture(scope="module")
def dead_door() -> Iterator[Door]:
    """A door behind which nobody serves."""
    with Door(site={"upstream": NO_SERVER}, serves=False) as door:
        yield door


@pytest.fixture(scope="module")
def slow_door() -> Iterator[Door]:
    """A door that waits one second for an answer."""
    with Door(numbers={"uwsgi_read_timeout 35s": "uwsgi_read_timeout 1s"}) as door:
        yield door


def ask(
    door: Door, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> Any:
    with door.client() as client:
        answer = client.request(method, path, headers=headers)
    small = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status_code, small, answer.content


def is_guarded(headers: dict[str, str]) -> bool:
    """Tell whether the answer carries what every answer has to."""
    return (
        headers["strict-transport-security"] == "max-age=31536000"
        and headers["x-content-type-options"] == "nosniff"
        and headers["x-frame-options"] == "DENY"
        and headers["referrer-policy"] == "same-origin"
        and headers["cross-origin-opener-policy"] == "same-origin"
        and headers["cross-origin-resource-policy"] == "same-origin"
        and headers["content-security-policy"].startswith("default-src 'none'")
        and headers["server"] == "nginx"
    )


def assert_page(answer: Any, status: int) -> None:
    """Assert a page that people can read, in either language."""
    got, headers, body = answer
    page = body.decode()
    assert got == status
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["x-request-id"] in page
    assert f'<p class="status">{status}</p>' in page
    assert re.search(r'<p lang="zh-Hans">[\u4e00-\u9fff].*。</p>', page)
    assert is_guarded(headers)
    assert headers.get("retry-after") == RETRY_AFTER.get(status)


def assert_problem(answer: Any, status: int) -> None:
    """Assert a problem as Django would write it."""
    got, headers, body = answer
    problem = json.loads(body)
    title, code = OWN.get(status) or astuple(STATUSES[status])[:2]
    assert got == status
    assert headers["content-type"] == "application/problem+json"
    assert problem == {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": problem["detail"],
        "code": code,
        "errors": [],
        "request_id": headers["x-request-id"],
    }
    assert problem["detail"].endswith(".")
    assert is_guarded(headers)
    assert headers.get("retry-after") == RETRY_AFTER.get(status)


@pytest.mark.parametrize("status", REFUSED)
def test_people_get_a_page(door: Door, status):
    answer = door.send(REFUSED[status] % b"/admin/x" + b"\r\n")
    assert_page(answer, status)


@pytest.mark.parametrize("status", REFUSED)
def test_clients_of_the_api_get_a_problem(door: Door, status):
    answer = door.send(REFUSED[status] % b"/api/v1/todos" + b"\r\n")
    assert_problem(answer, status)


@pytest.mark.parametrize(
    "request_line_and_header",
    [b"GET /api/ HTTP/2.7", b"POST /api/ HTTP/1.1\r\nTransfer-Encoding: odd"],
)
def test_what_nginx_has_not_learned_is_a_bad_request(
    door: Door, request_line_and_header
):
    answer = door.send(request_line_and_header + b"\r\nHost: localhost\r\n\r\n")
    assert_problem(answer, 400)


@pytest.mark.parametrize("request_line", [b"", b"nonsense", b"GET", b"\x16\x03\x01"])
def test_what_is_no_request_gets_a_page_or_nothing(door: Door, request_line):
    with door.connect() as connection:
        connection.sendall(request_line + b"\r\n\r\n")
        if request_line:
            assert b"400" in connection.recv(200)


def test_the_log_tells_of_what_is_hardly_a_request(door: Door):
    before = len(door.logged())
    for odd in (
        b"GET /\r\n",
        b"nonsense\r\n\r\n",
        b'GET /\xff\xfe"\\ HTTP/1.1\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: \xff\xfe"\\\r\nConnection: close\r\n\r\n',
    ):
        with door.connect() as connection:
            connection.sendall(odd)
            while connection.recv(4096):
                pass
    lines = wait_until(lambda: door.logged()[before + 3 :], what="all are logged")
    assert all(isinstance(line["status"], int) for line in lines)


def test_a_missing_file_gets_a_page(door: Door):
    assert_page(ask(door, "/static/missing.css"), 404)


def test_nobody_behind_the_door_is_told_at_once(dead_door: Door):
    assert_page(ask(dead_door, "/"), 502)
    assert_problem(ask(dead_door, "/api/v1/todos"), 502)
    assert_problem(ask(dead_door, "/api/v1/todos", KEY, "POST"), 502)


def test_an_app_that_hangs_is_told_in_time(slow_door: Door):
    for process in slow_door.apps:
        os.killpg(process.pid, signal.SIGSTOP)
    try:
        assert_page(ask(slow_door, "/"), 504)
        assert_problem(ask(slow_door, "/api/v1/todos"), 504)
    finally:
        for process in slow_door.apps:
            os.killpg(process.pid, signal.SIGCONT)


def test_maintenance_begins_and_ends_by_a_file(door: Door):
    switch = door.data / "run" / "maintenance"
    (door.data / "static" / "a.css").write_text("a {}")
    switch.touch()
    try:
        assert_page(ask(door, "/"), 503)
        assert_page(ask(door, "/admin/"), 503)
        assert_problem(ask(door, "/api/v1/todos"), 503)
        assert ask(door, "/static/a.css")[0] == 200
        assert ask(door, "/livez")[0] == ask(door, "/readyz")[0] == 200
    finally:
        switch.unlink()
    assert ask(door, "/")[0] == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 429, 500, 503])
def test_an_answer_of_the_app_passes_unchanged(door: Door, status):
    got, headers, body = ask(door, f"/api/v1/todos?status={status}")
    assert got == status
    assert headers["content-type"] == "application/json"
    assert b'"PATH_INFO"' in body
    assert "retry-after" not in headers


def test_no_text_of_a_client_stands_in_a_refusal(door: Door):
    marked = "<script>marked</script>"
    for path in (f"/static/{marked}", f"/static/x?{marked}"):
        _, headers, body = ask(door, path, {"X-Request-ID": marked, "Accept": marked})
        assert b"marked" not in body
        assert "marked" not in str(headers)


def test_the_style_of_the_page_is_the_one_that_its_policy_allows(door: Door):
    _, headers, body = ask(door, "/static/missing.css")
    style = body.partition(b"<style>")[2].partition(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers["content-security-policy"]
