"""Bodies, addresses and file names that are not UTF-8 are refused, not repaired."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import pytest

from tests.problems import assert_problem
from todos.models import Todo

TODOS = "/api/v1/todos"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def post(api, body, content_type=JSON):
    return api.generic("POST", TODOS, body, content_type=content_type)


# The letter é in Latin-1, a surrogate, a character cut short, an overlong slash.
NOT_UTF8 = [b"\xe9", b"\xed\xa0\x80", b"\xc3", b"\xc0\xaf", b"\xff"]


def quoted(data):
    return "".join(f"%{byte:02X}" for byte in data)


def part(disposition, content=b"x", *more):
    headers = b"Content-Disposition: form-data; " + disposition
    head = b"\r\n".join([b"--b", headers, *more])
    return head + b"\r\n\r\n" + content + b"\r\n"


def forms_with(data):
    """Yield forms with these bytes in names, values and file names, raw and quoted."""
    yield FORM, b"content=caf" + data
    yield FORM, f"content=caf{quoted(data)}".encode()
    yield FORM, f"content=x&caf{quoted(data)}=x".encode()
    base64 = b"Content-Transfer-Encoding: base64"
    for parts in (
        part(b'name="content"', b"caf" + data),
        part(b'name="content"', b64encode(b"caf" + data), base64),
        part(b'name="caf' + data + b'"'),
        part(b'name="f"; filename="caf' + data + b'.txt"'),
        part(b"name=\"f\"; filename*=UTF-8''caf" + quoted(data).encode()),
    ):
        body = part(b'name="content"') + parts + b"--b--\r\n"
        yield "multipart/form-data; boundary=b", body


@pytest.mark.parametrize("data", NOT_UTF8)
def test_a_form_that_is_not_utf8_is_refused(owner_api, owner_browser, data):
    for content_type, body in forms_with(data):
        answer = post(owner_api, body, content_type)
        assert_problem(answer, 400, "parse_error")
        assert answer.json()["detail"] == "The body is not UTF-8."
        page = owner_browser.generic(
            "POST", "/admin/todos/todo/quick-add/", body, content_type=content_type
        )
        assert page.status_code == 400
        assert "The body is not UTF-8." in page.text
    assert not Todo.objects.exists()


@pytest.mark.parametrize("data", NOT_UTF8)
def test_an_address_that_is_not_utf8_is_refused(owner_api, owner_browser, data):
    for query in (f"search=caf{quoted(data)}", f"caf{quoted(data)}=x"):
        assert_problem(owner_api.get(f"{TODOS}?{query}"), 400, "bad_request")
        page = owner_browser.get(f"/admin/todos/todo/?{query}")
        assert page.status_code == 400
        assert "The address is not UTF-8." in page.text
    raw = {"QUERY_STRING": (b"search=caf" + data).decode("latin-1")}
    assert_problem(owner_api.generic("GET", TODOS, **raw), 400, "bad_request")
    assert_problem(owner_api.get(f"{TODOS}/caf{quoted(data)}"), 404, "not_found")


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "utf-7", "nonsense"])
@pytest.mark.parametrize("media_type", [JSON, FORM, "multipart/form-data; boundary=b"])
def test_a_body_that_declares_another_encoding_is_refused(
    owner_api, media_type, charset
):
    body = part(b'name="content"') + b"--b--\r\n"
    answer = post(owner_api, body, f"{media_type}; charset={charset}")
    assert_problem(answer, 415, "unsupported_media_type")


def test_a_form_in_utf8_is_read(owner_api):
    text = "café \ufffd 😀"
    for content_type, body in (
        (FORM, f"content={quote(text)}"),
        (f"{FORM}; charset=UTF-8", f"content={text}"),
        (
            "multipart/form-data; boundary=b",
            part(b'name="content"', text.encode()) + b"--b--\r\n",
        ),
    ):
        answer = post(owner_api, body, content_type)
        assert answer.json()["content"] == text
