"""What nginx serves from the disk, and how it compresses."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.live.door import Door

SHEET = b"body { color: black }\n" * 100
PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module", autouse=True)
def files(door: Door) -> None:
    write(door, "static/look.0123456789ab.css", SHEET)
    write(door, "static/look.0123456789ab.css.gz", gzip.compress(b"packed before"))
    write(door, "static/look.css", SHEET)
    write(door, "media/public/face.png", PICTURE)
    write(door, "media/public/face.svg", b"<svg onload='alert(1)'/>")
    write(door, "media/public/face.html", b"<script>alert(1)</script>")
    write(door, "media/private/report", b"private")
    write(door, "run/secret", b"secret")


def write(door: Door, path: str, content: bytes) -> None:
    target = door.data / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def get(door: Door, path: str, **headers: str) -> Any:
    with door.client() as client:
        return client.get(path, headers={"Accept-Encoding": "identity"} | headers)


def test_a_file_is_served_by_nginx_and_not_by_the_app(door: Door):
    answer = get(door, "/static/look.css")
    assert answer.content == SHEET
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert door.lines(answer.headers["X-Request-ID"])[0]["upstream"] == ""


def test_a_name_that_carries_a_hash_may_be_kept_forever(door: Door):
    kept = get(door, "/static/look.0123456789ab.css").headers["Cache-Control"]
    assert kept == "public, max-age=31536000, immutable"
    assert (
        get(door, "/static/look.css").headers["Cache-Control"] == "public, max-age=300"
    )
    missing = get(door, "/static/gone.0123456789ab.css")
    assert missing.headers["Cache-Control"] == "no-store"


def test_what_was_compressed_before_is_sent_so(door: Door):
    packed = get(door, "/static/look.0123456789ab.css", **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == b"packed before"
    assert packed.headers["Vary"] == "Accept-Encoding"
    plain = get(door, "/static/look.0123456789ab.css")
    assert "Content-Encoding" not in plain.headers
    assert plain.content == SHEET


@pytest.mark.parametrize("path", ["/static/look.css", "/api/v1/todos"])
def test_what_was_not_is_compressed_now(door: Door, path):
    answer = get(door, path, **{"Accept-Encoding": "gzip", "X-Long": "long" * 300})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert len(answer.content) > int(answer.headers.get("Content-Length", 0))


def test_a_file_that_has_not_changed_is_not_sent_again(door: Door):
    tag = get(door, "/static/look.css").headers["ETag"]
    again = get(door, "/static/look.css", **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static", "/static../run/secret", "/static/%2e%2e/run/secret",
     "/media/public/", "/media/public../private/report", "/media/private/report",
     "/media/public/..%2fprivate/report", "/protected/private/report",
     "/protected/public/face.png", "/run/secret", "/secret",
     "/static/..%5c..%5crun/secret"],
)  # fmt: skip
def test_nothing_else_is_served_from_the_disk(door: Door, path):
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    status, _, body = door.send(request)
    assert status in {400, 403, 404} or b'"PATH_INFO"' in body
    assert body not in {b"secret", b"private", PICTURE}


def test_a_file_cannot_be_written(door: Door):
    with door.client() as client:
        for method in ("PUT", "DELETE", "POST"):
            answer = client.request(method, "/static/look.css", data=b"x")
            assert answer.status_code == 405
            assert answer.headers["Allow"] == "GET, HEAD"


def test_a_public_picture_is_a_picture_and_nothing_else(door: Door):
    for name, kind in {
        "face.png": "image/png",
        "face.svg": "application/octet-stream",
        "face.html": "application/octet-stream",
    }.items():
        headers = get(door, f"/media/public/{name}").headers
        assert headers["Content-Type"] == kind
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_django_hands_out_a_private_file_through_nginx(door: Door):
    answer = get(door, "/api/v1/files/1?accel=private/report")
    assert answer.content == b"private"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_part_of_a_private_file_is_guarded_as_the_whole(door: Door):
    answer = get(door, "/api/v1/files/1?accel=private/report", Range="bytes=0-3")
    assert (answer.status_code, answer.content) == (206, b"priv")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_private_file_that_is_gone_is_missing(door: Door):
    answer = get(door, "/api/v1/files/1?accel=private/gone")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
