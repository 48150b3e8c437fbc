"""Pictures of people: uploaded, made by the app once, then sent by nginx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.images import opened, picture
from tests.live.stack import Client, Stack
from tests.live.test_nginx_stack import log_lines

AVATAR = "/api/v1/me/avatar"
LIMIT = 8 * 1024 * 1024
PNG = {"Content-Type": "image/png"}


@pytest.fixture
def olga(stack: Stack, key: str) -> Iterator[Client]:
    with stack.client(key=key) as client:
        yield client
        client.delete(AVATAR)


def upstream_of(stack: Stack, answer: Any) -> str:
    (line,) = log_lines(stack, answer.headers["X-Request-ID"])
    return str(line["upstream"])


def path_of(answer: Any, size: int) -> str:
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["avatar_url"]
    return "/" + url.split("/", 3)[3].replace("-256.", f"-{size}.")


def test_a_picture_comes_from_the_app_once_and_then_from_the_disk(
    stack: Stack, olga: Client
):
    path = path_of(olga.put(AVATAR, data=picture(), headers=PNG), 64)
    with stack.client() as visitor:
        made, kept = visitor.get(path), visitor.get(path)
    assert opened(made.content).size == (64, 64)
    assert made.content == kept.content
    assert upstream_of(stack, made)
    assert not upstream_of(stack, kept)
    for answer in (made, kept):
        headers = answer.headers
        assert headers["Content-Type"] == "image/webp"
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in headers


def test_a_removed_picture_is_gone(stack: Stack, olga: Client):
    path = path_of(olga.put(AVATAR, data=picture(), headers=PNG), 64)
    with stack.client() as visitor:
        assert visitor.get(path).status_code == 200
        olga.delete(AVATAR)
        answer = visitor.get(path)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_eight_mebibytes_are_accepted_and_one_byte_more_is_refused_by_nginx(
    stack: Stack, olga: Client
):
    image = picture()
    largest = olga.put(AVATAR, data=image.ljust(LIMIT, b"\0"), headers=PNG)
    assert largest.status_code == 200, largest.text
    refused = olga.put(AVATAR, data=image.ljust(LIMIT + 1, b"\0"), headers=PNG)
    assert refused.status_code == 413
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "too_large"
    assert not upstream_of(stack, refused)


def test_other_endpoints_keep_their_limit(olga: Client):
    answer = olga.patch("/api/v1/me", data=b" " * LIMIT, headers=PNG)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
