"""nginx and Django together: who responds, and with which headers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings

from tests.live.stack import Stack
from tests.live.waiting import wait_until

GUARDS = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
MEGABYTE = 1024 * 1024


def hashed(stack: Stack, name: str) -> str:
    path = stack.data / "static" / f"staticfiles-{settings.RELEASE}.json"
    manifest = json.loads(path.read_text())
    return f"/static/{manifest['paths'][name]}"


def log_lines(stack: Stack, request_id: str) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        whole, _, _ = stack.log("nginx").read_text().rpartition("\n")
        return [
            json.loads(line) for line in whole.splitlines() if f'"{request_id}"' in line
        ]

    return wait_until(found, what=f"nginx's log tells of {request_id}")


SHEET = "/static/look/plain.css"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/login/", 200),
        ("/livez", 200),
        ("/readyz", 200),
        ("/", 302),
        ("/nowhere", 404),
        ("/api/v1/todos", 401),
        ("/api/v1/nowhere", 404),
        (SHEET, 200),
        ("/static/missing.css", 404),
        ("/media/public/missing.png", 404),
    ],
)
def test_every_response_has_each_security_header_once(stack: Stack, path, status):
    with stack.client() as client:
        answer = client.get(path, allow_redirects=False)
    assert answer.status_code == status
    assert_guarded(answer)


def test_conditional_responses_have_the_same_headers(stack: Stack):
    with stack.client() as client:
        client.headers["Accept-Encoding"] = "identity"  # what is packed goes whole
        modified = client.get(SHEET).headers["Last-Modified"]
        for condition, status in (
            ({"If-Modified-Since": modified}, 304),
            ({"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}, 412),
            ({"Range": "bytes=99999999-"}, 200),
        ):
            answer = client.get(SHEET, headers=condition)
            assert answer.status_code == status
            assert_guarded(answer)


def assert_guarded(answer: Any) -> None:
    headers = answer.raw.headers
    assert {name: headers.getlist(name) for name in GUARDS} == {
        name: [value] for name, value in GUARDS.items()
    }
    assert len(headers.getlist("Content-Security-Policy")) == 1
    assert len(headers.getlist("X-Request-ID")) == 1
    assert headers.getlist("Server") == ["nginx"]


def test_files_are_served_without_app_servers(stack: Stack):
    path = hashed(stack, "look/plain.css")
    stack.freeze("web:web-0")
    stack.freeze("web:web-1")
    try:
        with stack.client() as client:
            answer = client.get(path, timeout=5)
    finally:
        stack.thaw("web:web-0")
        stack.thaw("web:web-1")
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_one_request_id_is_in_response_problem_event_and_log(stack: Stack, key):
    with stack.client(key=key) as client:
        headers = {"X-Request-ID": "chosen-by-the-client"}
        made = client.post("/api/v1/todos", json={"content": "Named"}, headers=headers)
        refused = client.post("/api/v1/todos", json={"content": ""}, headers=headers)
    name = made.headers["X-Request-ID"]
    assert name != "chosen-by-the-client"
    assert [line["status"] for line in log_lines(stack, name)] == [201]
    assert stack.sql(
        "SELECT count(*) FROM core_event WHERE request_id = %s AND verb = %s",
        name, "todo.created",
    ) == [(1,)]  # fmt: skip
    assert refused.json()["request_id"] == refused.headers["X-Request-ID"] != name
    assert log_lines(stack, refused.headers["X-Request-ID"])[0]["status"] == 400


def test_the_log_contains_no_query_cookie_or_key(stack: Stack, key):
    with stack.client(key=key) as client:
        answer = client.get(
            "/api/v1/todos?search=distinctiveword",
            headers={
                "Cookie": "sessionid=distinctivecookie",
                "User-Agent": 'a"\n b'[:2],
            },
        )
    line = log_lines(stack, answer.headers["X-Request-ID"])[0]
    assert line["path"] == "/api/v1/todos"
    assert line["agent"] == 'a"'
    assert line["upstream"].startswith("unix:")
    assert float(line["upstream_seconds"]) <= line["seconds"] + 0.01
    text = stack.log("nginx").read_text()
    assert "distinctive" not in text
    assert key not in text


@pytest.mark.parametrize("count", [200, 900])
def test_many_headers_do_not_take_an_app_server_out(stack: Stack, count):
    headers = {f"X-Header-{n}": "value" for n in range(count)}
    with stack.client() as client:
        answer = client.get("/api/v1/todos", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("size", [300_000, MEGABYTE])
def test_a_body_that_nobody_reads_costs_no_answer(stack: Stack, size):
    """A socket that is closed with unread content loses what was written to it."""
    with stack.client() as client:
        answers = [client.post("/api/v1/todos", data=b"x" * size) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {401}


def test_django_refuses_large_bodies_with_its_own_message(stack: Stack, key):
    with stack.client(key=key) as client:
        answer = client.post(
            "/api/v1/todos",
            data=b'"' + b"x" * MEGABYTE + b'"',
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert (
        log_lines(stack, answer.headers["X-Request-ID"])[0]["upstream_status"] == "413"
    )


def test_a_compressed_response_keeps_its_etag(stack: Stack, key):
    with stack.client(key=key) as client:
        made = client.post(
            "/api/v1/todos", json={"content": "好好学习", "notes": "天天向上 " * 200}
        ).json()
        path = f"/api/v1/todos/{made['id']}"
        read = client.get(path)
        tag = read.headers["ETag"]
        assert read.headers["Content-Encoding"] == "gzip"
        assert tag.startswith('W/"')
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
        changed = client.patch(
            path, json={"content": "天天向上"}, headers={"If-Match": tag}
        )
        assert changed.status_code == 200
        late = client.patch(path, json={"content": "No"}, headers={"If-Match": tag})
    assert late.status_code == 412


def test_links_in_responses_point_to_nginx(stack: Stack, key):
    with stack.client(key=key) as client:
        for number in range(2):
            client.post("/api/v1/todos", json={"content": f"Page {number}"})
        first = client.get(
            "/api/v1/todos?page_size=1",
            headers={"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http"},
        )
        following = first.json()["next"]
        assert following.startswith(("/", f"{stack.url}/"))
        assert client.get(following).status_code == 200
