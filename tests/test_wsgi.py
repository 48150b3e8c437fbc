"""The client's address, scheme and request id: which headers are trusted."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

from todo_project import wsgi
from todo_project.proxies import BY_PROXY

PROXY, CLIENT, FORGED = "10.0.0.1", "203.0.113.9", "198.51.100.7"


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def client_of(peer, **variables):
    """Return the client's address and scheme, as found from the WSGI variables."""
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"} | variables
    wsgi.find_client(environ)
    return environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]


def forwarded(chain, proto="https"):
    return {"HTTP_X_FORWARDED_FOR": chain, "HTTP_X_FORWARDED_PROTO": proto}


@pytest.mark.parametrize(
    "headers",
    [
        forwarded(FORGED),
        {"HTTP_X_FORWARDED_SSL": "on"},
        {"HTTP_FORWARDED": "for=198.51.100.7;proto=https"},
        {"HTTP_HTTPS": "on", "HTTP_X_FORWARDED_PROTOCOL": "https"},
    ],
)
def test_headers_from_an_unknown_peer_are_ignored(headers):
    headers_with_scheme = headers | {
        "wsgi.url_scheme": "https"
    }  # as uWSGI would set it
    assert client_of(CLIENT, **headers_with_scheme) == (CLIENT, "http")


def test_no_peer_is_trusted_unless_listed(settings):
    settings.TRUSTED_PROXIES = []
    assert client_of("127.0.0.1", **forwarded(FORGED)) == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    ("peer", "chain"),
    [
        (PROXY, CLIENT),
        (PROXY, f"{FORGED}, {CLIENT}"),
        (PROXY, f"{FORGED},{CLIENT},10.9.9.9"),
        ("fd00::1", f"{FORGED}, {CLIENT}, ::ffff:10.9.9.9"),
        (f"::ffff:{PROXY}", CLIENT),
    ],
)
def test_trusted_proxies_are_followed_to_the_client(peer, chain):
    assert client_of(peer, **forwarded(chain)) == (CLIENT, "https")


@pytest.mark.parametrize("chain", ["", "unknown", "_hidden", f"{FORGED}:80", "1" * 300])
def test_a_proxy_without_a_valid_forwarded_address_is_the_client(chain):
    assert client_of(PROXY, **forwarded(chain)) == (PROXY, "https")


def test_the_forwarded_chain_ends_at_an_invalid_address():
    assert (
        client_of(PROXY, **forwarded(f"{FORGED}, unknown, 10.2.2.2"))[0] == "10.2.2.2"
    )


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("http", "http"), ("", "http"), ("https, http", "http"), ("HTTPS", "https")],
)
def test_the_nearest_proxy_determines_the_scheme(proto, scheme):
    assert client_of(PROXY, **forwarded(CLIENT, proto))[1] == scheme


def test_nginx_passes_the_scheme_as_a_variable():
    assert client_of(CLIENT, HTTPS="on") == (CLIENT, "https")


def test_peers_on_the_unix_socket_are_trusted():
    assert client_of("", **forwarded(CLIENT)) == (CLIENT, "https")


@pytest.mark.django_db  # a request closes connections that others left open
@pytest.mark.parametrize(("peer", "status"), [(PROXY, "200"), (CLIENT, "301")])
def test_https_behind_a_listed_proxy_does_not_loop(settings, monkeypatch, peer, status):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = []
    monkeypatch.setattr(wsgi.front, "django", get_wsgi_application())
    environ = RequestFactory().get("/livez", REMOTE_ADDR=peer).environ
    answers: list[str] = []

    def respond(line, headers, exc_info=None):
        answers.append(line)
        return answers.append

    environ |= forwarded(CLIENT) | {"HTTP_HOST": "localhost"}
    b"".join(wsgi.application(environ, respond))
    assert answers[0].startswith(status)


@pytest.mark.parametrize(
    ("peer", "extra", "name"),
    [
        (CLIENT, {}, None),
        (PROXY, {}, "request-0001"),
        ("", {}, "request-0001"),
        (CLIENT, {"REQUEST_ID": "request-0001"}, "request-0001"),
    ],
)
def test_only_nginx_or_a_listed_proxy_sets_the_request_id(peer, extra, name):
    environ = {"REMOTE_ADDR": peer, "HTTP_X_REQUEST_ID": "request-0001"} | extra
    wsgi.find_client(environ)
    assert environ.get("HTTP_X_REQUEST_ID") == name


class EndlessBody:
    """The unread body of a refused request; it has no end."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def read(self, size):
        self.sizes.append(size)
        return b"x" * size

    readline = read


@pytest.mark.parametrize("path", ["/api/v1/todos", "", "*"])
def test_the_rest_of_a_body_is_read_in_pieces_up_to_a_limit(path):
    body = EndlessBody()
    wsgi.read_rest(
        {"CONTENT_LENGTH": "999999999", "PATH_INFO": path, "wsgi.input": body}
    )
    assert sum(body.sizes) == wsgi.MOST_UNREAD
    assert max(body.sizes) == wsgi.CHUNK


def test_a_large_body_that_is_refused_is_read_after_the_response():
    body, statuses = EndlessBody(), []

    def start_response(status: str, *_: Any) -> Any:
        statuses.append(status)

    environ = RequestFactory().generic("POST", "/api/v1/todos").environ | {
        "CONTENT_LENGTH": "999999999",
        "wsgi.input": body,
    }
    answer = iter(wsgi.application(environ, start_response))
    assert b'"too_large"' in next(answer)
    assert (statuses[0][:3], body.sizes) == ("413", [])
    assert list(answer) == []
    assert sum(body.sizes) == wsgi.MOST_UNREAD


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 302),
        ("localhost:8000", 302),
        ("localhost:1", 421),
        ("127.0.0.1:80evil", 400),
        ("localhost:80:8000", 400),
        ("elsewhere:8000", 421),
    ],
)
@pytest.mark.parametrize("by_proxy", [False, True])
def test_a_name_with_another_port_is_not_ours(client, host, status, by_proxy):
    meta = {"HTTP_HOST": host, "SERVER_PORT": "8000", BY_PROXY: by_proxy}
    answer = client.get("/", **meta)
    is_checked_by_proxy = by_proxy and host == "localhost:1"
    assert answer.status_code == (302 if is_checked_by_proxy else status)


@pytest.mark.parametrize("allowed", ["1", "*"])
def test_a_forwarded_port_can_be_allowed(client, settings, allowed):
    settings.ALLOWED_PORTS = [allowed]
    assert client.get("/", headers={"Host": "localhost:1"}).status_code == 302


def test_the_wsgi_variables_tell_whether_a_proxy_sent_the_request():
    for peer, expected in ((PROXY, True), ("", True), (CLIENT, False)):
        environ: dict[str, object] = {"REMOTE_ADDR": peer}
        wsgi.find_client(environ)
        assert environ[BY_PROXY] is expected


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/todo", ""),
        ("/todo/", "/"),
        ("/todo/todo/x", "/todo/x"),
        ("/todolist", "/todolist"),
        ("/admin/", "/admin/"),
        ("", ""),
    ],
)
def test_the_base_path_is_removed_once(settings, path, rest):
    settings.BASE_PATH = "/todo"
    environ = {"PATH_INFO": path}
    wsgi.remove_base_path(environ)
    assert environ["PATH_INFO"] == rest


def test_a_proxy_that_is_not_trusted_is_logged_once(settings, caplog):
    """With HTTPS=true, its clients are redirected to the same address for ever."""
    settings.HTTPS = True
    for _ in range(3):
        client_of("192.0.2.77", **forwarded(CLIENT))
        client_of("192.0.2.78")
        client_of(PROXY, **forwarded(CLIENT))
    (record,) = caplog.records
    assert (record.message, record.peer) == ("proxy is not trusted", "192.0.2.77")
