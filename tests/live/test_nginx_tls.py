"""TLS, HTTP/2, and redirects from plain HTTP."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import warnings

import pytest
import requests

from tests.live.nginx import Nginx

OLD, GOOD = ("TLSv1", "TLSv1_1"), ("TLSv1_2", "TLSv1_3")


def shake_hands(nginx: Nginx, version: str) -> ssl.SSLSocket:
    """Connect by this version alone, with whatever ciphers this machine knows."""
    context = ssl.create_default_context(cafile=str(nginx.places.certificate))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = getattr(ssl.TLSVersion, version)
        context.maximum_version = getattr(ssl.TLSVersion, version)
    plain = socket.create_connection(("127.0.0.1", nginx.https_port), 5)
    return context.wrap_socket(plain, server_hostname="localhost")


@pytest.mark.parametrize("version", OLD)
def test_old_versions_of_tls_are_refused(nginx: Nginx, version):
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        shake_hands(nginx, version)


@pytest.mark.parametrize("version", GOOD)
def test_modern_versions_of_tls_have_forward_secrecy(nginx: Nginx, version):
    with shake_hands(nginx, version) as connection:
        name, _, bits = connection.cipher() or ("", "", 0)

        assert connection.selected_alpn_protocol() == "h2"
        assert name.startswith(("ECDHE-", "TLS_"))
        assert bits >= 128


def test_a_weak_cipher_is_refused(nginx: Nginx):
    context = ssl.create_default_context(cafile=str(nginx.places.certificate))
    context.set_ciphers("AES128-SHA:AES256-GCM-SHA384")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", nginx.https_port), 5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)handshake failure"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def ask_by_http_2(nginx: Nginx, path: str, body: bytes | None = None) -> str:
    """Return the answer; the version it came by and its status are the last line."""
    curl = shutil.which("curl")
    assert curl, "curl is missing: apt-get install curl"
    done = subprocess.run(  # noqa: S603
        [curl, "--silent", "--http2", "--cacert", str(nginx.places.certificate),
         "--write-out", "\n%{http_version} %{http_code}",
         *(() if body is None else ("--data-binary", "@-")), nginx.url + path],
        input=body, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode()


def test_http_2_is_supported(nginx: Nginx):
    received = ask_by_http_2(nginx, "/")
    assert received.endswith("\n2 200")
    assert '"SERVER_PROTOCOL": "HTTP/2.0"' in received


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/admin/", "<h1>The request is too large.</h1>"),
        ("/api/v1/todos", '"code": "too_large"'),
    ],
)
def test_a_large_body_is_refused_in_our_format_over_http_2(nginx: Nginx, path, words):
    received = ask_by_http_2(nginx, path, b"x" * 2_000_000)
    assert received.endswith("\n2 413")
    assert words in received


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_plain_http_is_redirected_to_https_with_its_method(nginx: Nginx, method):
    answer = requests.request(
        method, f"{nginx.http_url}/a/b?c=d", allow_redirects=False, timeout=5
    )
    assert answer.status_code == 308
    assert answer.headers["Location"] == (
        f"https://127.0.0.1:{nginx.https_port}/a/b?c=d"
    )
    assert "Strict-Transport-Security" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_plain_http_is_not_redirected_to_unknown_hosts(nginx: Nginx):
    answer = requests.get(
        nginx.http_url, headers={"Host": "evil.test"}, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 421


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/todos"])
def test_a_tls_proxy_that_is_not_trusted_is_explained_without_a_loop(
    nginx: Nginx, path
):
    answer = ask_as_tls_proxy(nginx, path)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (421, "no-store")
    assert "adds the address of the proxy" in answer.text
    assert "site/proxies.conf" in answer.text
    [line] = nginx.lines(answer.headers["X-Request-ID"])
    assert (line["status"], line["client"]) == (421, "127.0.0.1")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"X-Forwarded-Proto": "http"}, 308), ({"Host": "evil.test"}, 421)],
)
def test_other_requests_of_an_untrusted_proxy_are_not_explained_by_it(
    nginx: Nginx, headers, status
):
    answer = ask_as_tls_proxy(nginx, "/admin/", **headers)
    assert answer.status_code == status
    assert "proxy" not in answer.text


def ask_as_tls_proxy(nginx: Nginx, path: str, **headers: str) -> requests.Response:
    """Pass on a request over plain HTTP, as one that came over HTTPS."""
    named = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"} | headers
    url = f"{nginx.http_url}{path}"
    return requests.get(url, headers=named, allow_redirects=False, timeout=5)


def test_a_certificate_can_be_renewed_over_plain_http(nginx: Nginx):
    folder = nginx.data / "acme" / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token").write_text("token.proof")

    answer = requests.get(
        f"{nginx.http_url}/.well-known/acme-challenge/token", timeout=5
    )
    assert (answer.status_code, answer.text) == (200, "token.proof")


@pytest.mark.parametrize("probe", ["/livez", "/readyz"])
def test_probes_work_over_plain_http_and_by_address(nginx: Nginx, probe):
    answer = requests.get(
        nginx.http_url + probe, headers={"Host": "10.0.0.9"}, timeout=5
    )
    assert answer.json()["PATH_INFO"] == probe


@pytest.mark.parametrize("path", ["/livez/x", "/x%20/livez", "/x%20/-/", "/-/page"])
def test_other_requests_for_unknown_hosts_are_refused(nginx: Nginx, path):
    with nginx.client() as client:
        answer = client.get(path, headers={"Host": "evil.test"})
    assert answer.status_code in {404, 421}
    assert "PATH_INFO" not in answer.text
