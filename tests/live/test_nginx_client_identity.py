"""What nginx tells the app about the client, whatever the client claims."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.live.nginx import Nginx

FORGED = {
    "Forwarded": "for=203.0.113.1;proto=http;host=evil.test",
    "X-Forwarded-For": "203.0.113.1",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Server": "evil.test",
    "X-Forwarded-Ssl": "off",
    "X-Real-IP": "203.0.113.1",
    "X-Request-ID": "forged-request-id",
    "X-Request-Start": "forged",
    "X-Script-Name": "/evil",
    "X_Forwarded_Proto": "http",
    "X_Request_ID": "forged-request-id",
    "Proxy": "http://evil.test",
    "Https": "off",
    "Remote-Addr": "203.0.113.1",
    "Request-Id": "forged-request-id",
}
FROM_PROXY = {
    "X-Forwarded-For": "198.51.100.1, 203.0.113.1",
    "X-Forwarded-Proto": "https",
    "X-Request-ID": "named-by-the-proxy",
}


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[Nginx]:
    """nginx that trusts proxies on this machine."""
    with Nginx(site={"proxies": "set_real_ip_from 127.0.0.0/8;"}) as nginx:
        yield nginx


def test_forged_headers_do_not_reach_the_app(nginx: Nginx):
    received = nginx.received(headers=FORGED)

    untouched = {"HTTP_HTTPS", "HTTP_REMOTE_ADDR", "HTTP_REQUEST_ID"}  # mean nothing
    said = {k: v for k, v in received.items() if k not in untouched}
    assert not {v for v in said.values() if "evil" in v or "forged" in v}
    assert "203.0.113.1" not in said.values()
    assert received["REMOTE_ADDR"] == received["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert received["wsgi.url_scheme"] == received["HTTP_X_FORWARDED_PROTO"] == "https"
    assert received["HTTPS"] == "on"
    assert received["HTTP_X_REQUEST_START"] == received["REQUEST_START"]


def test_a_request_id_of_a_client_is_replaced(nginx: Nginx):
    ids = {nginx.received(headers=FORGED)["HTTP_X_REQUEST_ID"] for _ in range(3)}
    assert len(ids) == 3
    assert all(len(name) == 32 for name in ids)


def test_the_app_gets_the_validated_host(nginx: Nginx):
    port = nginx.https_port
    request = b"GET https://localhost:%d/ HTTP/1.1\r\nHost: evil.test\r\n\r\n" % port
    status, _, body = nginx.send(request)
    assert status == 200
    assert b"evil.test" not in body
    assert nginx.received()["HTTP_HOST"] == f"127.0.0.1:{port}"


def test_everything_else_is_passed_unchanged(nginx: Nginx):
    received = nginx.received(
        "/todos%20/%E5%A5%BD?q=%E5%A5%BD&a=+b",
        headers={"If-Match": '"7"', "Idempotency-Key": "k", "X-Own": "own"},
    )
    assert received["PATH_INFO"].encode("latin-1").decode() == "/todos /好"
    assert received["QUERY_STRING"] == "q=%E5%A5%BD&a=+b"
    assert received["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert received["HTTP_IF_MATCH"] == '"7"'
    assert received["HTTP_IDEMPOTENCY_KEY"] == "k"
    assert received["HTTP_X_OWN"] == "own"


def test_a_chunked_body_arrives_complete(nginx: Nginx):
    with nginx.client() as client:
        received = client.post("/api/v1/todos", data=iter([b"content", b"=a"])).json()
    assert received["body"] == "content=a"
    assert received["CONTENT_LENGTH"] == "9"
    assert "HTTP_TRANSFER_ENCODING" not in received


def test_a_listed_tls_proxy_is_trusted_and_not_redirected(
    behind_proxy: Nginx,
):
    answer = requests.get(behind_proxy.http_url, headers=FROM_PROXY, timeout=5)
    received = answer.json()
    assert not answer.history
    assert received["REMOTE_ADDR"] == received["HTTP_X_FORWARDED_FOR"] == "203.0.113.1"
    assert received["wsgi.url_scheme"] == "https"
    assert received["HTTP_X_REQUEST_ID"] == "named-by-the-proxy"
    line = behind_proxy.lines("named-by-the-proxy")[0]
    assert line["client"] == "203.0.113.1"


def test_a_listed_tls_proxy_that_names_no_client_is_explained(behind_proxy: Nginx):
    answer = requests.get(
        behind_proxy.http_url, headers={"X-Forwarded-Proto": "https"}, timeout=5
    )
    assert (answer.status_code, answer.history) == (421, [])
    assert "lets it set X-Forwarded-For" in answer.text


def test_plain_http_through_a_listed_proxy_is_redirected(
    behind_proxy: Nginx,
):
    for url in (behind_proxy.http_url, behind_proxy.url):
        answer = requests.get(
            url,
            headers=FROM_PROXY | {"X-Forwarded-Proto": "http"},
            allow_redirects=False,
            verify=str(behind_proxy.places.certificate),
            timeout=5,
        )
        assert answer.status_code == 308


@pytest.mark.parametrize("name", ["short", "a b c d e f g", '"}{"x":"yyy', "n" * 65])
def test_an_invalid_request_id_of_a_proxy_is_replaced(behind_proxy: Nginx, name):
    received = behind_proxy.received(headers=FROM_PROXY | {"X-Request-ID": name})
    assert len(received["HTTP_X_REQUEST_ID"]) == 32


def test_an_unlisted_proxy_is_not_trusted(nginx: Nginx):
    answer = requests.get(
        nginx.http_url, headers=FROM_PROXY, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 421
