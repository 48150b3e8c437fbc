"""Error responses of nginx: pages for browsers, problems for API clients."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple
from typing import Any

import pytest

from core.api.problems import STATUSES
from tests.live.nginx import Nginx
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
    421: ("Misdirected request", "unknown_host"),
    502: ("Bad gateway", "unreachable"),
    503: (STATUSES[503].title, "maintenance"),
    504: ("Gateway timeout", "timeout"),
}
KEY = {"Idempotency-Key": "7d3c"}
RETRY_AFTER = {429: "1", 502: "2", 503: "60", 504: "10"}


@pytest.fixture(scope="module")
def nginx_without_apps() -> Iterator[Nginx]:
    """nginx without app servers."""
    site = {"upstream": NO_SERVER, "upstream_api": NO_SERVER}
    with Nginx(site=site, serves=False) as nginx:
        yield nginx


@pytest.fixture
def narrow_nginx() -> Iterator[Nginx]:
    """nginx that sends one request at a time to each app server."""
    with Nginx(numbers={"max_conns=1000": "max_conns=1"}, serves=False) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def nginx_with_short_read_timeout() -> Iterator[Nginx]:
    """nginx with a read timeout of one second."""
    with Nginx(numbers={"uwsgi_read_timeout 35s": "uwsgi_read_timeout 1s"}) as nginx:
        yield nginx


def ask(
    nginx: Nginx, path: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> Any:
    with nginx.client() as client:
        answer = client.request(method, path, headers=headers)
    small = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status_code, small, answer.content


def is_guarded(headers: dict[str, str]) -> bool:
    """Return whether the response has the headers that every response needs."""
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


@pytest.mark.parametrize(
    "host",
    [
        b"localhost:1",
        b"localhost:80evil",
        b"127.0.0.1:",
        b"[::1]:x",
        b"localhost:1:443",
    ],
)
def test_a_name_with_another_port_is_not_ours(nginx: Nginx, host):
    answer = nginx.send(b"GET /admin/x HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert answer[0] in {400, 421}  # nginx itself refuses some of them


def test_the_port_of_the_server_is_ours(nginx: Nginx):
    for port in (b"", b":443", b":%d" % nginx.https_port):
        host = b"localhost" + port
        request = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
        assert nginx.send(request)[0] == 200, host


@pytest.mark.parametrize("status", REFUSED)
def test_browsers_get_a_page(nginx: Nginx, status):
    answer = nginx.send(REFUSED[status] % b"/admin/x" + b"\r\n")
    assert_page(answer, status)


@pytest.mark.parametrize("status", REFUSED)
def test_api_clients_get_a_problem(nginx: Nginx, status):
    answer = nginx.send(REFUSED[status] % b"/api/v1/todos" + b"\r\n")
    assert_problem(answer, status)


@pytest.mark.parametrize(
    "request_line_and_header",
    [b"GET /api/ HTTP/2.7", b"POST /api/ HTTP/1.1\r\nTransfer-Encoding: odd"],
)
def test_unsupported_features_get_400(nginx: Nginx, request_line_and_header):
    answer = nginx.send(request_line_and_header + b"\r\nHost: localhost\r\n\r\n")
    assert_problem(answer, 400)


@pytest.mark.parametrize("request_line", [b"", b"nonsense", b"GET", b"\x16\x03\x01"])
def test_malformed_requests_get_a_page_or_no_response(nginx: Nginx, request_line):
    with nginx.connect() as connection:
        connection.sendall(request_line + b"\r\n\r\n")
        if request_line:
            assert b"400" in connection.recv(200)


def test_malformed_requests_are_logged(nginx: Nginx):
    before = len(nginx.logged())
    for odd in (
        b"GET /\r\n",
        b"nonsense\r\n\r\n",
        b'GET /\xff\xfe"\\ HTTP/1.1\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: \xff\xfe"\\\r\nConnection: close\r\n\r\n',
    ):
        with nginx.connect() as connection:
            connection.sendall(odd)
            while connection.recv(4096):
                pass
    lines = wait_until(lambda: nginx.logged()[before + 3 :], what="all are logged")
    assert all(isinstance(line["status"], int) for line in lines)


def test_a_missing_file_gets_an_error_page(nginx: Nginx):
    assert_page(ask(nginx, "/static/missing.css"), 404)


def test_missing_app_servers_get_502_immediately(nginx_without_apps: Nginx):
    assert_page(ask(nginx_without_apps, "/"), 502)
    assert_problem(ask(nginx_without_apps, "/api/v1/todos"), 502)
    assert_problem(ask(nginx_without_apps, "/api/v1/todos", KEY, "POST"), 502)


def test_what_does_not_fit_into_the_queue_is_refused_immediately(narrow_nginx: Nginx):
    with ExitStack() as held:
        for name in ("web-0", "web-1"):
            server = held.enter_context(socket.socket(socket.AF_UNIX))
            path = narrow_nginx.data / "run" / f"{name}.api.sock"
            server.bind(str(path))
            path.chmod(0o666)
            server.listen()
            client = held.enter_context(narrow_nginx.connect())
            client.sendall(b"GET /api/v1/todos HTTP/1.1\r\nHost: localhost\r\n\r\n")
            held.enter_context(server.accept()[0])  # now it is full
        for method, more in (("GET", {}), ("POST", KEY), ("POST", {})):
            status, headers, body = ask(narrow_nginx, "/api/v1/todos", more, method)
            assert (status, headers["retry-after"]) == (503, "1")
            assert json.loads(body)["code"] == "busy"
        # Pages have another queue, for which no server listens here.
        assert_page(ask(narrow_nginx, "/"), 502)


def test_a_hanging_app_server_gets_504_in_time(nginx_with_short_read_timeout: Nginx):
    for process in nginx_with_short_read_timeout.apps:
        os.killpg(process.pid, signal.SIGSTOP)
    try:
        assert_page(ask(nginx_with_short_read_timeout, "/"), 504)
        assert_problem(ask(nginx_with_short_read_timeout, "/api/v1/todos"), 504)
    finally:
        for process in nginx_with_short_read_timeout.apps:
            os.killpg(process.pid, signal.SIGCONT)


def test_a_file_starts_and_ends_maintenance_mode(nginx: Nginx):
    switch = nginx.data / "run" / "maintenance"
    (nginx.data / "static" / "a.css").write_text("a {}")
    switch.touch()
    try:
        assert_page(ask(nginx, "/"), 503)
        assert_page(ask(nginx, "/admin/"), 503)
        assert_problem(ask(nginx, "/api/v1/todos"), 503)
        assert ask(nginx, "/static/a.css")[0] == 200
        assert ask(nginx, "/livez")[0] == ask(nginx, "/readyz")[0] == 200
    finally:
        switch.unlink()
    assert ask(nginx, "/")[0] == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 429, 500, 503])
def test_error_responses_of_the_app_pass_unchanged(nginx: Nginx, status):
    got, headers, body = ask(nginx, f"/api/v1/todos?status={status}")
    assert got == status
    assert headers["content-type"] == "application/json"
    assert b'"PATH_INFO"' in body
    assert "retry-after" not in headers


def test_refusals_contain_no_text_of_the_client(nginx: Nginx):
    marked = "<script>marked</script>"
    for path in (f"/static/{marked}", f"/static/x?{marked}"):
        _, headers, body = ask(nginx, path, {"X-Request-ID": marked, "Accept": marked})
        assert b"marked" not in body
        assert "marked" not in str(headers)


def test_the_policy_of_the_page_allows_its_style_by_hash(nginx: Nginx):
    _, headers, body = ask(nginx, "/static/missing.css")
    style = body.partition(b"<style>")[2].partition(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers["content-security-policy"]
