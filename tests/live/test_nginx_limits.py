"""Limits of nginx: sizes, rates, durations and addresses."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.checkout import REPOSITORY
from tests.live.nginx import Nginx, read_answer
from tests.live.test_nginx_refusals import KEY, ask, assert_page, assert_problem
from tests.live.waiting import wait_until

MEGABYTE = 1024 * 1024
QUICK = {
    "client_header_timeout 10s": "client_header_timeout 1s",
    "client_body_timeout 10s": "client_body_timeout 1s",
    "send_timeout 20s": "send_timeout 1s",
}
STRICT = """
limit_req_zone $counted zone=requests:1m rate=1r/m;
limit_req zone=requests burst=4 nodelay;
limit_conn_zone $network zone=connections:1m;
limit_conn connections 3;
"""
CLOSED = {"admin": "deny all;", "metrics": "deny all;"}
ELSEWHERE = {"proxies": "set_real_ip_from 127.0.0.1;"}


@pytest.fixture(scope="module")
def quick_nginx() -> Iterator[Nginx]:
    """nginx with timeouts of one second."""
    with Nginx(numbers=QUICK) as nginx:
        yield nginx


@pytest.fixture
def strict_nginx() -> Iterator[Nginx]:
    """nginx that allows five requests per address."""
    with Nginx(site={"limits": STRICT} | ELSEWHERE) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def restricted_nginx() -> Iterator[Nginx]:
    with Nginx(site=CLOSED | ELSEWHERE) as nginx:
        yield nginx


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def statuses(nginx: Nginx, times: int, path: str, address: str, method: str = "GET"):
    with nginx.client() as client:
        answers = [
            client.request(method, path, headers=from_address(address))
            for _ in range(times)
        ]
    return Counter(answer.status_code for answer in answers)


ATTACHMENTS = "/api/v1/todos/1/attachments"


@pytest.fixture
def nginx_for_one_transfer() -> Iterator[Nginx]:
    """nginx that lets a client transfer one file at a time."""
    with Nginx(site={"transfers": "limit_conn transfers 1;\n"} | ELSEWHERE) as nginx:
        yield nginx


def test_a_client_transfers_a_limited_number_of_files_at_a_time(
    nginx_for_one_transfer: Nginx,
):
    nginx = nginx_for_one_transfer
    begun = (
        f"POST {ATTACHMENTS} HTTP/1.1\r\nHost: localhost\r\n"
        "X-Forwarded-For: 203.0.113.1\r\nContent-Length: 9\r\n\r\n"
    )
    one, other = from_address("203.0.113.1"), from_address("203.0.113.2")
    with nginx.connect() as connection:
        connection.sendall(begun.encode())
        answer = wait_until(
            lambda: (
                (found := ask(nginx, ATTACHMENTS, one | KEY, "POST"))[0] == 429
                and found
            ),
            what="the upload has begun",
        )
        assert_problem(answer, 429)
        assert ask(nginx, ATTACHMENTS, other | KEY, "POST")[0] == 200
        assert ask(nginx, ATTACHMENTS, one)[0] == 200  # a list is no transfer
        assert ask(nginx, f"{ATTACHMENTS}/1/content", one)[0] == 429


@pytest.mark.parametrize(
    ("path", "check"),
    [
        (ATTACHMENTS, assert_problem),
        ("/admin/todos/comment/1/attachments/add/", assert_page),
    ],
)
def test_an_upload_of_unknown_length_is_refused(nginx: Nginx, path, check):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
    body = b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    check(nginx.send(head.encode() + body), 411)


# --- How often ---------------------------------------------------------------------


def test_too_many_requests_get_429_with_retry_after(strict_nginx: Nginx):
    address = "203.0.113.1"
    assert statuses(strict_nginx, 8, "/", address) == {200: 5, 429: 3}
    page = ask(strict_nginx, "/", from_address(address))
    assert_page(page, 429)
    assert b"send your form again" not in page[2]
    # What was typed into a form is sent again by reloading the page.
    page = ask(strict_nginx, "/admin/todos/todo/add/", from_address(address), "POST")
    assert_page(page, 429)
    assert b"Reload this page in a moment to send your form again" in page[2]
    assert_problem(ask(strict_nginx, "/api/v1/todos", from_address(address)), 429)
    # What nginx may repeat goes another way, and is counted all the same.
    again = from_address(address) | KEY
    assert_problem(ask(strict_nginx, "/api/v1/todos", again, "POST"), 429)


def test_limits_are_counted_per_client(strict_nginx: Nginx):
    assert statuses(strict_nginx, 6, "/", "203.0.113.1")[429] == 1
    assert statuses(strict_nginx, 1, "/", "203.0.113.2") == {200: 1}
    # All addresses of one IPv6 network are one client.
    assert statuses(strict_nginx, 5, "/", "2001:db8:0:1::1") == {200: 5}
    assert statuses(strict_nginx, 1, "/", "2001:db8:0:1:ffff::9") == {429: 1}
    assert statuses(strict_nginx, 1, "/", "2001:db8:0:2::1") == {200: 1}


def test_files_and_livez_are_not_limited(strict_nginx: Nginx):
    (strict_nginx.data / "static" / "a.css").write_text("a {}")
    assert statuses(strict_nginx, 9, "/static/a.css", "203.0.113.4") == {200: 9}
    assert statuses(strict_nginx, 9, "/livez", "203.0.113.4") == {200: 9}
    # The readiness of parts costs work.
    assert statuses(strict_nginx, 9, "/readyz", "203.0.113.4") == {200: 5, 429: 4}


def test_pictures_are_limited_only_if_the_app_has_to_make_them(strict_nginx: Nginx):
    folder = strict_nginx.data / "media" / "public" / "avatars"
    folder.mkdir(parents=True)
    kept, missing = (f"{letter * 32}-64.webp" for letter in "ab")
    (folder / kept).write_bytes(b"RIFF")
    path = "/media/public/avatars/"
    assert statuses(strict_nginx, 9, path + kept, "203.0.113.5") == {200: 9}
    found = statuses(strict_nginx, 9, path + missing, "203.0.113.5")
    assert found == {200: 5, 429: 4}
    # Nobody needs the app to learn that other names do not exist.
    assert statuses(strict_nginx, 9, path + "x.webp", "203.0.113.6") == {404: 9}


def test_connections_per_client_are_limited(strict_nginx: Nginx):
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel"
    with ExitStack() as held:
        for _ in range(3):
            connection = held.enter_context(strict_nginx.connect())
            connection.sendall(request)
        assert wait_until(
            lambda: (
                strict_nginx.send(b"GET /static/ HTTP/1.1\r\nHost: localhost\r\n\r\n")[
                    0
                ]
                == 429
            ),
            what="a fourth is refused",
        )


# --- How much ----------------------------------------------------------------------


def test_bodies_that_django_accepts_pass_nginx(nginx: Nginx):
    with nginx.client() as client:
        received = client.post("/api/v1/todos", data=b"x" * MEGABYTE).json()
    assert received["CONTENT_LENGTH"] == str(MEGABYTE)


@pytest.mark.parametrize("in_pieces", [False, True])
def test_larger_bodies_are_refused(nginx: Nginx, in_pieces):
    body = b"x" * (2 * MEGABYTE)
    pieces = iter([body[i : i + 65536] for i in range(0, len(body), 65536)])
    with nginx.client() as client:
        answer = client.post("/api/v1/todos", data=pieces if in_pieces else body)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_large_body_is_refused_before_it_is_sent(nginx: Nginx):
    request = (
        b"POST /api/v1/todos HTTP/1.1\r\nHost: localhost\r\n"
        b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n"
    )
    assert_problem(nginx.send(request), 413)


# --- How slowly --------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf",
    ],
    ids=["nothing", "half of the headers", "half of the body"],
)
def test_a_client_that_stops_sending_is_disconnected(quick_nginx: Nginx, sent):
    with quick_nginx.connect(timeout=30) as connection:
        connection.sendall(sent)
        assert ends(connection)


def test_slow_headers_do_not_hold_a_connection(quick_nginx: Nginx):
    with quick_nginx.connect() as connection:
        connection.settimeout(0.2)  # between one drop and the next
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        wait_until(
            lambda: ends(connection, drop=b"X-Drop: x\r\n"),
            seconds=30,
            what="nginx has lost patience",
        )


def test_a_client_that_does_not_read_is_disconnected(quick_nginx: Nginx):
    with quick_nginx.connect(timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /?size=30000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(
            lambda: any(line["bytes"] > 0 for line in quick_nginx.logged()
                        if line["path"] == "/" and line["seconds"] > 1),
            seconds=30,
            what="nginx has given up",
        )  # fmt: skip


def ends(connection: socket.socket, *, drop: bytes = b"") -> bool:
    """Return whether the other side closes or resets the connection."""
    try:
        connection.sendall(drop)
        return connection.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_slow_client_does_not_occupy_an_app_server(nginx: Nginx):
    """Four processes serve here; eight clients have sent half a body each."""
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    with ExitStack() as held:
        slow = [held.enter_context(nginx.connect()) for _ in range(8)]
        for connection in slow:
            connection.sendall(request)
        begin = time.monotonic()
        assert nginx.received()["PATH_INFO"] == "/"
        assert time.monotonic() - begin < 8  # after ten seconds nginx cuts them off
        for connection in slow:
            connection.sendall(b"whole")
            assert b"halfwhole" in read_answer(connection)[2]


# --- From where --------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/admin/accounts/user/",
        "/admin/accounts/user/0197/change/",
        "/admin//accounts/role/",
        "/x/../admin/core/event/",
        "/%61dmin/core/event/",
        "/metrics",
    ],
)
def test_every_spelling_of_a_restricted_path_is_refused(restricted_nginx: Nginx, path):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert_page(restricted_nginx.send(request), 403)


@pytest.mark.parametrize(
    "path",
    ["/admin/", "/admin/login/", "/admin/accounts/user/me/", "/api/v1/todos", "/livez"],
)
def test_other_paths_stay_accessible(restricted_nginx: Nginx, path):
    assert restricted_nginx.received(path)["PATH_INFO"] == path


def test_metrics_are_restricted_to_this_machine_by_default(nginx: Nginx):
    assert nginx.received("/metrics")["PATH_INFO"] == "/metrics"
    shipped = (REPOSITORY / "deploy" / "site" / "metrics.conf").read_text()
    with Nginx(site={"metrics": shipped} | ELSEWHERE) as proxied:
        assert ask(proxied, "/metrics", from_address("203.0.113.1"))[0] == 403


# --- As shipped --------------------------------------------------------------------


def test_the_examples_for_an_installation_are_valid(nginx: Nginx, tmp_path):
    program = shutil.which("nginx", path=nginx.places.env["PATH"])
    assert program
    shutil.copytree(REPOSITORY / "deploy" / "site", tmp_path / "site")
    for name in ("nginx", "nginx.conf"):
        (tmp_path / name).symlink_to(REPOSITORY / "deploy" / name)
    for name in ("certificate", "main"):  # of another machine
        shutil.copy(nginx.config / "site" / f"{name}.conf", tmp_path / "site")
    done = subprocess.run(  # noqa: S603
        [program, "-t", "-p", nginx.data, "-c", tmp_path / "nginx.conf"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if "[warn]" in line]
    # Newer versions prefer a directive that the oldest supported version does not know.
    assert all('"listen ... http2" directive is deprecated' in w for w in warnings)
