"""Every error below /api/ is a problem, no matter which component raises it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.test.client import FakePayload

from tests.conftest import api_for
from tests.problems import assert_problem
from todo_project.wsgi import application

TODOS = "/api/v1/todos"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def as_multipart(**fields):
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return "".join(parts) + "--b--\r\n"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/todos/17",
        "/api/v1/todos/%FF%FE",
        "/api/v1/todos/%E5%A5%BD",
        "/api/v1/todos/..%2f..%2fetc",
        "/api/v1/roles/99999999999999999999999",
        "/api/v1/roles/" + "9" * 5000,
    ],
)
def test_an_unknown_address_is_404(administrator_api, path):
    assert_problem(administrator_api.get(path), 404, "not_found")


def test_an_unknown_address_is_404_for_anyone(client, db):
    assert_problem(client.get("/api/v1/nothing"), 404, "not_found")


def test_pages_get_html_errors(client, db):
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_an_unsupported_method_is_405(owner_api, method):
    answer = owner_api.generic(method.upper(), TODOS)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_an_unknown_method_is_405(owner_api):
    answer = owner_api.generic("BREW", TODOS)
    assert_problem(answer, 405, "method_not_allowed")


def test_options_name_the_methods_and_nothing_else(owner_api, outsider_api, todo):
    address = f"{TODOS}/{todo.pk}"
    for api in (owner_api, outsider_api):
        answer = api.options(address)
        assert answer.status_code == 204
        assert answer.content == b""
        assert answer["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


def test_options_need_no_scope(owner):
    answer = api_for(owner, ["labels:read"]).options(TODOS)
    assert answer.status_code == 204


def test_head_matches_get_without_a_body(owner_api, todo):
    got = owner_api.get(f"{TODOS}/{todo.pk}")
    answer = owner_api.head(f"{TODOS}/{todo.pk}")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer["ETag"] == got["ETag"]


@pytest.mark.parametrize("accepted", ["text/html", "application/xml;q=0.9", ";;;"])
def test_an_unavailable_media_type_is_406(owner_api, accepted):
    answer = owner_api.get(TODOS, headers={"Accept": accepted})
    assert_problem(answer, 406, "not_acceptable")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", "content=x"),
        ("application/xml", "<content/>"),
        ("nonsense", "x"),
        ("", "x"),
        ("application/json; charset=latin-1", '{"content": "x"}'),
        ("application/x-www-form-urlencoded; charset=hex", "content=x"),
        ("application/x-www-form-urlencoded; charset=utf-16", "content=x"),
        ("application/json; charset=nonsense", '{"content": "x"}'),
    ],
)
def test_a_body_of_another_media_type_is_415(owner_api, content_type, body):
    answer = owner_api.generic("POST", TODOS, body, content_type=content_type)
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "us-ascii"])
def test_a_body_declared_as_utf8_is_accepted(owner_api, charset):
    answer = owner_api.generic(
        "POST", TODOS, '{"content": "x"}', content_type=f"{JSON}; charset={charset}"
    )
    assert answer.status_code == 201


ODD_PARAMETERS = ["x*=hex'en'%41", "x*=''", "x*=nonsense''%ff", "=", ";" * 100]


@pytest.mark.parametrize("parameter", ODD_PARAMETERS)
def test_odd_parameters_in_accept_cause_no_server_error(owner_api, parameter):
    answer = owner_api.get(TODOS, headers={"Accept": f"application/json; {parameter}"})
    assert answer.status_code in {200, 406}


@pytest.mark.parametrize("parameter", ODD_PARAMETERS)
@pytest.mark.django_db(transaction=True)
def test_odd_parameters_of_the_content_type_cause_no_server_error(owner_api, parameter):
    # The test client builds requests itself: this enters through WSGI.
    body = b'{"content": "x"}'
    environ = owner_api._base_environ(
        REQUEST_METHOD="POST",
        PATH_INFO=TODOS,
        CONTENT_TYPE=f"application/json; {parameter}",
        CONTENT_LENGTH=str(len(body)),
        **{"wsgi.input": BytesIO(body)},
        **owner_api._credentials,
    )
    statuses: Any = []
    respond: Any = lambda status, _headers: statuses.append(status)  # noqa: E731
    b"".join(application(environ, respond))
    assert statuses[0][:3] in {"201", "415"}


def test_a_compressed_body_is_415(owner_api):
    answer = owner_api.post(
        TODOS, {"content": "x"}, headers={"Content-Encoding": "gzip"}
    )
    assert_problem(answer, 415, "unsupported_media_type")


def test_a_body_without_a_length_is_411(owner_api):
    payload = FakePayload(b'{"content": "x"}')
    answer = owner_api.patch(
        TODOS,
        content_type=JSON,
        headers={"Transfer-Encoding": "chunked"},
        **{"wsgi.input": payload, "CONTENT_LENGTH": ""},
    )
    assert_problem(answer, 411, "length_required")


BODIES = [
    (JSON, '{"content": "%s"}'),
    (FORM, "content=%s"),
    (MULTIPART, as_multipart(content="%s")),
]


@pytest.mark.parametrize(("content_type", "body"), BODIES)
def test_a_body_beyond_the_limit_is_413(owner_api, settings, content_type, body):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2000
    fits = owner_api.generic("POST", TODOS, body % "x", content_type=content_type)
    assert fits.status_code == 201
    answer = owner_api.generic(
        "POST", TODOS, body % ("x" * 2000), content_type=content_type
    )
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize(("content_type", "body"), BODIES)
def test_a_browser_session_has_the_same_limit(owner, settings, content_type, body):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2000
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    answer = browser.generic(
        "POST", TODOS, body % ("x" * 2000), content_type=content_type
    )
    assert_problem(answer, 413, "too_large")


def test_a_form_with_too_many_fields_is_413(owner_api):
    fields = "&".join(f"f{n}=x" for n in range(1001))
    answer = owner_api.post(TODOS, fields, content_type=FORM)
    assert_problem(answer, 413, "too_large")
    parts = as_multipart(**{f"f{n}": "x" for n in range(1001)})
    answer = owner_api.post(TODOS, parts, content_type=MULTIPART)
    assert_problem(answer, 413, "too_large")


def test_too_many_parameters_are_400(owner_api):
    query = "&".join(f"f{n}=x" for n in range(1001))
    assert_problem(owner_api.get(f"{TODOS}?{query}"), 400, "bad_request")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, '{"content": '),
        (JSON, "\xff"),
        (JSON, b"\xff\xfe"),
        (MULTIPART, "--b\r\nno headers"),
        ("multipart/form-data", "no boundary"),
        ("multipart/form-data; boundary=é", "odd boundary"),
    ],
)
def test_a_malformed_body_is_400(owner_api, content_type, body):
    answer = owner_api.generic("POST", TODOS, body, content_type=content_type)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"parse_error", "invalid"}


def test_a_malformed_form_from_a_browser_is_400(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.get("/api/v1/docs", headers={"Accept": "text/html"})
    answer = browser.generic(
        "POST", TODOS, "no boundary", content_type="multipart/form-data"
    )
    assert_problem(answer, 400, "parse_error")


def test_an_unknown_host_is_421_and_the_answer_says_how_to_allow_it(owner_api):
    answer = owner_api.get(TODOS, headers={"Host": "evil.example.com:8000"})
    assert_problem(answer, 421, "unknown_host")
    assert "must add evil.example.com to ALLOWED_HOSTS." in answer.json()["detail"]
    for malformed in ("a b", "a\\b"):
        answer = owner_api.get(TODOS, headers={"Host": malformed})
        assert_problem(answer, 400, "bad_request")


def test_a_browser_without_the_csrf_token_is_403(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    answer = browser.post(TODOS, {"content": "x"}, content_type=JSON)
    assert_problem(answer, 403, "csrf_failed")
    assert browser.get(TODOS).json()["results"] == []


def test_a_browser_with_the_csrf_token_can_write(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.get("/api/v1/docs", headers={"Accept": "text/html"})
    token = browser.cookies["csrftoken"].value
    for content_type, body in BODIES:
        answer = browser.generic(
            "POST", TODOS, body % "x", content_type, headers={"X-CSRFToken": token}
        )
        assert answer.status_code == 201, answer.content


def test_a_header_too_long_is_431(owner_api):
    answer = owner_api.get(TODOS, headers={"Accept": "a" * 8191})
    assert_problem(answer, 431, "headers_too_large")


def test_an_address_too_long_is_414(owner_api):
    for address in (f"{TODOS}?search={'a' * 8191}", f"/api/v1/{'a' * 8191}"):
        assert_problem(owner_api.get(address), 414, "address_too_long")


def test_a_failed_precondition_of_a_read_is_412(owner_api, todo):
    for address in (TODOS, f"{TODOS}/{todo.pk}"):
        answer = owner_api.get(address, headers={"If-Match": '"other"'})
        assert_problem(answer, 412, "version_mismatch")


def test_an_error_is_in_the_language_of_the_client(owner_api):
    for language in ("en", "zh-hans"):
        answer = owner_api.get("/api/v1/nothing", headers={"Accept-Language": language})
        assert_problem(answer, 404, "not_found")
        assert answer["Content-Language"] == language
