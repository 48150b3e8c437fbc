"""Who asks, and by which scheme: what is believed of it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory

from todo_project import wsgi

PROXY, CLIENT, FORGED = "10.0.0.1", "203.0.113.9", "198.51.100.7"


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def client_of(peer, **variables):
    """Return the address and the scheme after what the server says of the request."""
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
def test_a_stranger_is_not_believed(headers):
    said = headers | {"wsgi.url_scheme": "https"}  # as uWSGI would have it
    assert client_of(CLIENT, **said) == (CLIENT, "http")


def test_nobody_is_believed_unless_listed(settings):
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
def test_a_proxy_is_believed_as_far_as_proxies_go(peer, chain):
    assert client_of(peer, **forwarded(chain)) == (CLIENT, "https")


@pytest.mark.parametrize("chain", ["", "unknown", "_hidden", f"{FORGED}:80", "1" * 300])
def test_a_proxy_that_names_no_address_is_the_client(chain):
    assert client_of(PROXY, **forwarded(chain)) == (PROXY, "https")


def test_the_way_back_ends_at_what_is_no_address():
    assert (
        client_of(PROXY, **forwarded(f"{FORGED}, unknown, 10.2.2.2"))[0] == "10.2.2.2"
    )


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("http", "http"), ("", "http"), ("https, http", "http"), ("HTTPS", "https")],
)
def test_the_nearest_proxy_says_the_scheme(proto, scheme):
    assert client_of(PROXY, **forwarded(CLIENT, proto))[1] == scheme


def test_nginx_says_the_scheme_beside_the_headers():
    assert client_of(CLIENT, HTTPS="on") == (CLIENT, "https")


def test_whoever_may_open_the_socket_is_believed():
    assert client_of("", **forwarded(CLIENT)) == (CLIENT, "https")


@pytest.mark.django_db  # a request closes connections that others left open
@pytest.mark.parametrize(("peer", "status"), [(PROXY, "200"), (CLIENT, "301")])
def test_https_behind_a_listed_proxy_does_not_loop(settings, monkeypatch, peer, status):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = []
    monkeypatch.setattr(wsgi, "django", get_wsgi_application())
    environ = RequestFactory().get("/livez", REMOTE_ADDR=peer).environ
    answers: list[str] = []

    def respond(line, headers, exc_info=None):
        answers.append(line)
        return answers.append

    environ |= forwarded(CLIENT) | {"HTTP_HOST": "localhost"}
    b"".join(wsgi.application(environ, respond))
    assert answers[0].startswith(status)


@pytest.mark.parametrize(
    ("peer", "beside", "name"),
    [
        (CLIENT, {}, None),
        (PROXY, {}, "request-0001"),
        ("", {}, "request-0001"),
        (CLIENT, {"REQUEST_ID": "request-0001"}, "request-0001"),
    ],
)
def test_a_request_is_named_by_nginx_or_a_listed_proxy_alone(peer, beside, name):
    environ = {"REMOTE_ADDR": peer, "HTTP_X_REQUEST_ID": "request-0001"} | beside
    wsgi.find_client(environ)
    assert environ.get("HTTP_X_REQUEST_ID") == name


class Unread:
    """The body of a refused request, which nobody has read."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def read(self, size):
        self.sizes.append(size)
        return b"x" * size


@pytest.mark.parametrize("path", ["/api/v1/todos", "", "*"])
def test_the_rest_of_a_body_is_read_in_pieces_up_to_twice_the_limit(settings, path):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
    body = Unread()
    wsgi.read_rest(
        {"CONTENT_LENGTH": "999999999", "PATH_INFO": path, "wsgi.input": body}
    )
    assert sum(body.sizes) == 200_000
    assert max(body.sizes) == wsgi.CHUNK
