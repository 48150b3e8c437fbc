"""What one client may ask of nginx: how much, how often, how slowly, and from where."""

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
from tests.live.door import Door, read_answer
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
limit_req_zone $signing_in zone=signing_in:1m rate=1r/m;
limit_req zone=signing_in burst=1 nodelay;
limit_conn_zone $network zone=connections:1m;
limit_conn connections 3;
"""
CLOSED = {"admin": "deny all;", "metrics": "deny all;"}
ELSEWHERE = {"proxies": "set_real_ip_from 127.0.0.1;"}


@pytest.fixture(scope="module")
def impatient_door() -> Iterator[Door]:
    """A door that waits one second for what it waits longer for as shipped."""
    with Door(numbers=QUICK) as door:
        yield door


@pytest.fixture
def strict_door() -> Iterator[Door]:
    """A door that lets an address ask five times, and sign in twice."""
    with Door(site={"limits": STRICT} | ELSEWHERE) as door:
        yield door


@pytest.fixture(scope="module")
def closed_door() -> Iterator[Door]:
    with Door(site=CLOSED | ELSEWHERE) as door:
        yield door


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def statuses(door: Door, times: int, path: str, address: str, method: str = "GET"):
    with door.client() as client:
        answers = [
            client.request(method, path, headers=from_address(address))
            for _ in range(times)
        ]
    return Counter(answer.status_code for answer in answers)


# --- How often ---------------------------------------------------------------------


def test_who_asks_too_often_is_told_when_to_come_again(strict_door: Door):
    address = "203.0.113.1"
    assert statuses(strict_door, 8, "/", address) == {200: 5, 429: 3}
    assert_page(ask(strict_door, "/", from_address(address)), 429)
    assert_problem(ask(strict_door, "/api/v1/todos", from_address(address)), 429)
    # What nginx may repeat goes another way, and is counted all the same.
    again = from_address(address) | KEY
    assert_problem(ask(strict_door, "/api/v1/todos", again, "POST"), 429)


def test_one_client_does_not_use_up_what_another_may(strict_door: Door):
    assert statuses(strict_door, 6, "/", "203.0.113.1")[429] == 1
    assert statuses(strict_door, 1, "/", "203.0.113.2") == {200: 1}
    # All addresses of one IPv6 network are one client.
    assert statuses(strict_door, 5, "/", "2001:db8:0:1::1") == {200: 5}
    assert statuses(strict_door, 1, "/", "2001:db8:0:1:ffff::9") == {429: 1}
    assert statuses(strict_door, 1, "/", "2001:db8:0:2::1") == {200: 1}


def test_passwords_can_be_tried_more_slowly_than_pages(strict_door: Door):
    login = "/admin/login/"
    assert statuses(strict_door, 3, login, "203.0.113.3", "POST") == {200: 2, 429: 1}
    assert statuses(strict_door, 2, login, "203.0.113.3") == {200: 2}
    # Neither another spelling nor a query leads around it.
    for way in ("/admin//login/", "/admin/./login/?x", "/%61dmin/login/"):
        assert statuses(strict_door, 1, way, "203.0.113.3", "POST") == {429: 1}


def test_files_and_probes_are_not_counted(strict_door: Door):
    (strict_door.data / "static" / "a.css").write_text("a {}")
    assert statuses(strict_door, 9, "/static/a.css", "203.0.113.4") == {200: 9}
    assert statuses(strict_door, 9, "/readyz", "203.0.113.4") == {200: 9}


def test_one_client_holds_a_few_connections(strict_door: Door):
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel"
    with ExitStack() as held:
        for _ in range(3):
            connection = held.enter_context(strict_door.connect())
            connection.sendall(request)
        assert wait_until(
            lambda: (
                strict_door.send(b"GET /static/ HTTP/1.1\r\nHost: localhost\r\n\r\n")[0]
                == 429
            ),
            what="a fourth is refused",
        )


# --- How much ----------------------------------------------------------------------


def test_what_django_takes_nginx_lets_through(door: Door):
    with door.client() as client:
        told = client.post("/api/v1/todos", data=b"x" * MEGABYTE).json()
    assert told["CONTENT_LENGTH"] == str(MEGABYTE)


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_body_beyond_that_is_refused(door: Door, in_pieces):
    body = b"x" * (2 * MEGABYTE)
    pieces = iter([body[i : i + 65536] for i in range(0, len(body), 65536)])
    with door.client() as client:
        answer = client.post("/api/v1/todos", data=pieces if in_pieces else body)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_a_large_body_is_refused_before_it_is_sent(door: Door):
    request = (
        b"POST /api/v1/todos HTTP/1.1\r\nHost: localhost\r\n"
        b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n"
    )
    assert_problem(door.send(request), 413)


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
def test_a_client_that_stops_half_way_is_cut_off(impatient_door: Door, sent):
    with impatient_door.connect(timeout=30) as connection:
        connection.sendall(sent)
        assert ends(connection)


def test_headers_that_come_drop_by_drop_do_not_hold_a_connection(impatient_door: Door):
    with impatient_door.connect() as connection:
        connection.settimeout(0.2)  # between one drop and the next
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        wait_until(
            lambda: ends(connection, drop=b"X-Drop: x\r\n"),
            seconds=30,
            what="nginx has lost patience",
        )


def test_a_client_that_does_not_read_is_cut_off(impatient_door: Door):
    with impatient_door.connect(timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /?size=30000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(
            lambda: any(line["bytes"] > 0 for line in impatient_door.logged()
                        if line["path"] == "/" and line["seconds"] > 1),
            seconds=30,
            what="nginx has given up",
        )  # fmt: skip


def ends(connection: socket.socket, *, drop: bytes = b"") -> bool:
    """Tell whether the other side ends the connection, politely or not."""
    try:
        connection.sendall(drop)
        return connection.recv(100) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_slow_client_holds_up_no_app_server(door: Door):
    """Four processes serve here; eight clients have sent half a body each."""
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
    with ExitStack() as held:
        slow = [held.enter_context(door.connect()) for _ in range(8)]
        for connection in slow:
            connection.sendall(request)
        begin = time.monotonic()
        assert door.told()["PATH_INFO"] == "/"
        assert time.monotonic() - begin < 8  # after ten seconds nginx cuts them off
        for connection in slow:
            connection.sendall(b"whole")
            assert b"halfwhole" in read_answer(connection)[2]


# --- From where --------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/admin", "/admin/", "/admin/login/", "//admin/", "/x/../admin/", "/metrics"],
)
def test_a_closed_place_is_closed_by_every_spelling(closed_door: Door, path):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert_page(closed_door.send(request), 403)


def test_the_rest_stays_open(closed_door: Door):
    assert closed_door.told("/api/v1/todos")["PATH_INFO"] == "/api/v1/todos"
    assert closed_door.told("/livez")["PATH_INFO"] == "/livez"


def test_metrics_are_for_this_machine_as_shipped(door: Door):
    assert door.told("/metrics")["PATH_INFO"] == "/metrics"
    shipped = (REPOSITORY / "deploy" / "site" / "metrics.conf").read_text()
    with Door(site={"metrics": shipped} | ELSEWHERE) as proxied:
        assert ask(proxied, "/metrics", from_address("203.0.113.1"))[0] == 403


# --- As shipped --------------------------------------------------------------------


def test_the_examples_for_an_installation_are_valid(door: Door, tmp_path):
    nginx = shutil.which("nginx", path=door.places.env["PATH"])
    assert nginx
    shutil.copytree(REPOSITORY / "deploy" / "site", tmp_path / "site")
    for name in ("nginx", "nginx.conf"):
        (tmp_path / name).symlink_to(REPOSITORY / "deploy" / name)
    for name in ("certificate", "main"):  # of another machine
        shutil.copy(door.config / "site" / f"{name}.conf", tmp_path / "site")
    done = subprocess.run(  # noqa: S603
        [nginx, "-t", "-p", door.data, "-c", tmp_path / "nginx.conf"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if "[warn]" in line]
    # Newer versions write it in another way, which the oldest supported refuses.
    assert all('"listen ... http2" directive is deprecated' in w for w in warnings)
