"""Files that nginx serves, and their compression."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.live.nginx import Nginx

SHEET = b"body { color: black }\n" * 100
PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module", autouse=True)
def files(nginx: Nginx) -> None:
    write(nginx, "static/look.0123456789ab.css", SHEET)
    write(nginx, "static/look.0123456789ab.css.gz", gzip.compress(b"packed before"))
    write(nginx, "static/look.css", SHEET)
    write(nginx, "media/public/face.png", PICTURE)
    write(nginx, "media/public/face.svg", b"<svg onload='alert(1)'/>")
    write(nginx, "media/public/face.html", b"<script>alert(1)</script>")
    write(nginx, "media/private/report", b"private")
    write(nginx, "run/secret", b"secret")


def write(nginx: Nginx, path: str, content: bytes) -> None:
    target = nginx.data / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def get(nginx: Nginx, path: str, **headers: str) -> Any:
    with nginx.client() as client:
        return client.get(path, headers={"Accept-Encoding": "identity"} | headers)


def test_static_files_are_served_by_nginx_itself(nginx: Nginx):
    answer = get(nginx, "/static/look.css")
    assert answer.content == SHEET
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert nginx.lines(answer.headers["X-Request-ID"])[0]["upstream"] == ""


def test_files_with_hashed_names_are_cached_forever(nginx: Nginx):
    kept = get(nginx, "/static/look.0123456789ab.css").headers["Cache-Control"]
    assert kept == "public, max-age=31536000, immutable"
    assert (
        get(nginx, "/static/look.css").headers["Cache-Control"] == "public, max-age=300"
    )
    missing = get(nginx, "/static/gone.0123456789ab.css")
    assert missing.headers["Cache-Control"] == "no-store"


def test_precompressed_files_are_sent_compressed(nginx: Nginx):
    packed = get(nginx, "/static/look.0123456789ab.css", **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == b"packed before"
    assert packed.headers["Vary"] == "Accept-Encoding"
    plain = get(nginx, "/static/look.0123456789ab.css")
    assert "Content-Encoding" not in plain.headers
    assert plain.content == SHEET


@pytest.mark.parametrize("path", ["/static/look.css", "/api/v1/todos"])
def test_other_files_are_compressed_on_the_fly(nginx: Nginx, path):
    answer = get(nginx, path, **{"Accept-Encoding": "gzip", "X-Long": "long" * 300})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert len(answer.content) > int(answer.headers.get("Content-Length", 0))


def test_an_unchanged_file_gets_304(nginx: Nginx):
    tag = get(nginx, "/static/look.css").headers["ETag"]
    again = get(nginx, "/static/look.css", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static", "/static../run/secret", "/static/%2e%2e/run/secret",
     "/media/public/", "/media/public../private/report", "/media/private/report",
     "/media/public/..%2fprivate/report", "/protected/private/report",
     "/protected/public/face.png", "/run/secret", "/secret",
     "/static/..%5c..%5crun/secret"],
)  # fmt: skip
def test_other_files_on_the_disk_are_not_served(nginx: Nginx, path):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    status, _, body = nginx.send(request)
    assert status in {400, 403, 404} or b'"PATH_INFO"' in body
    assert body not in {b"secret", b"private", PICTURE}


def test_files_cannot_be_written(nginx: Nginx):
    with nginx.client() as client:
        for method in ("PUT", "DELETE", "POST"):
            answer = client.request(method, "/static/look.css", data=b"x")
            assert answer.status_code == 405
            assert answer.headers["Allow"] == "GET, HEAD"


def test_public_media_is_served_as_images_only(nginx: Nginx):
    for name, kind in {
        "face.png": "image/png",
        "face.svg": "application/octet-stream",
        "face.html": "application/octet-stream",
    }.items():
        headers = get(nginx, f"/media/public/{name}").headers
        assert headers["Content-Type"] == kind
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_picture_is_made_by_the_app_once_and_sent_by_nginx_from_then_on(
    nginx: Nginx,
):
    path = f"media/public/avatars/{'0af1' * 8}-128.webp"
    assert get(nginx, f"/{path}").json()["PATH_INFO"] == f"/{path}"
    write(nginx, path, PICTURE)
    answer = get(nginx, f"/{path}")
    assert answer.content == PICTURE
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert nginx.lines(answer.headers["X-Request-ID"])[0]["upstream"] == ""


@pytest.mark.parametrize(
    "name",
    [
        f"{'0' * 31}-64.webp",
        f"{'0' * 32}-65.webp",
        f"{'0' * 32}-64.webp.html",
        f"{'G' * 32}-64.webp",
        f"..%2f{'0' * 32}-64.webp",
    ],
)
def test_the_app_is_not_asked_for_other_names(nginx: Nginx, name: str):
    answer = get(nginx, f"/media/public/avatars/{name}")
    assert answer.status_code == 404
    assert nginx.lines(answer.headers["X-Request-ID"])[0]["upstream"] == ""
