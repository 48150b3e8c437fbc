"""A separate door: URLs, event source, error format and body limit."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.models import Event
from tests.conftest import browser_for
from tests.problems import assert_problem
from tests.sample_app.models import Bookmark
from tests.signing import prepare, with_key_pair

DROP = "/drop/pages"
MIB = 1024 * 1024
TITLE = b"<title>A &amp; B</title>"
LARGE = TITLE + b"x" * (3 * MIB)
KEY = {"Idempotency-Key": "one"}


class Body:
    """A body that is generated while it is read, and records the largest read."""

    def __init__(self, size: int) -> None:
        self.left, self.read_at_once = size, 0

    def read(self, size: int = -1) -> bytes:
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        self.read_at_once = max(self.read_at_once, size)
        return TITLE.ljust(size, b"x") if size > len(TITLE) else b"x" * size

    readline = read


def drop(client: Any, body: bytes = TITLE, **options: Any) -> Any:
    return client.generic("POST", DROP, body, content_type="text/html", **options)


def stream(client: Any, body: Body, length: int) -> Any:
    options: Any = {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
    return drop(client, b"<", **options)


def test_a_page_above_the_default_limit_is_stored(owner_api, owner):
    answer = drop(owner_api, LARGE)
    assert answer.status_code == 201, answer.content
    row = Bookmark.objects.get()
    assert (row.owner, row.title, row.size) == (owner, "A & B", len(LARGE))
    assert answer["Location"].endswith(f"/api/v1/bookmarks/{row.pk}")
    assert owner_api.get(answer["Location"]).json() == answer.json()


def test_a_large_signed_page_is_compared_before_it_is_stored(owner):
    signer = with_key_pair(owner)
    headers = {"content-type": "text/html"}
    request = prepare(signer, "POST", DROP, LARGE, headers)
    for other in (LARGE[:-1] + b"y", LARGE[:-1], LARGE + b"x"):
        refused = replace(request, body=other).send()
        assert_problem(refused, 400, "content_digest_mismatch")
        assert not Bookmark.objects.exists()
        request = prepare(signer, "POST", DROP, LARGE, headers)
    assert request.send().status_code == 201
    assert Bookmark.objects.get().size == len(LARGE)


def test_a_page_is_read_in_constant_memory(owner_api):
    drop(owner_api)  # import all that a first request imports
    body = Body(9 * MIB)
    tracemalloc.start()
    answer = stream(owner_api, body, 9 * MIB)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 201, answer.content
    assert answer.json()["size"] == 9 * MIB
    assert peak < 2 * MIB


def test_a_page_above_the_limit_of_the_door_is_not_read(owner_api):
    body = Body(10 * MIB + 1)
    assert_problem(stream(owner_api, body, 10 * MIB + 1), 413, "too_large")
    assert body.read_at_once == 0


def test_a_body_that_ends_too_early_is_refused(owner_api):
    answer = stream(owner_api, Body(1000), 2000)
    assert_problem(answer, 400, "parse_error")
    assert not Bookmark.objects.exists()


@pytest.mark.parametrize("size", [1, 3 * MIB])
def test_a_form_with_a_file_is_accepted_too(owner_api, size):
    page = SimpleUploadedFile("a.html", TITLE + b"x" * size, "text/html")
    answer = owner_api.post(DROP, {"file": page}, format="multipart")
    assert answer.status_code == 201, answer.content
    assert answer.json()["size"] == len(TITLE) + size


def test_other_doors_keep_the_default_limit(owner_api):
    body = '{"title": "%s"}' % ("x" * 3 * MIB)
    answer = owner_api.generic("POST", "/api/v1/bookmarks", body, "application/json")
    assert_problem(answer, 413, "too_large")


def test_text_fields_keep_the_default_limit(owner_api):
    form = {"file": "x" * 3 * MIB}
    answer = owner_api.post(DROP, form, format="multipart")
    assert_problem(answer, 413, "too_large")


def test_a_repeated_page_is_stored_once(owner_api):
    first = drop(owner_api, LARGE, headers=KEY)
    again = drop(owner_api, LARGE, headers=KEY)
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    other = drop(owner_api, LARGE[:-1] + b"y", headers=KEY)
    assert_problem(other, 422, "idempotency_key_reused")
    assert Bookmark.objects.count() == 1


def test_events_name_the_door(owner_api):
    drop(owner_api)
    owner_api.post("/api/v1/bookmarks", {"title": "By the API"})
    recorded = Event.objects.filter(verb="bookmark.created").order_by("pk")
    assert list(recorded.values_list("source", flat=True)) == ["drop", "api"]


def test_refusals_are_problems(owner_api, client):
    assert_problem(owner_api.get("/drop/nothing"), 404, "not_found")
    assert_problem(owner_api.get(DROP), 405, "method_not_allowed")
    assert_problem(drop(client), 401, "not_authenticated")
    assert_problem(drop(owner_api, b"plain"), 400, "invalid", "file")
    assert_problem(owner_api.post(DROP), 400, "invalid", "file")


def test_a_large_body_is_accepted_with_the_csrf_token_in_the_header(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.get("/api/v1/docs", headers={"Accept": "text/html"})
    token = browser.cookies["csrftoken"].value
    answer = drop(browser, LARGE, headers={"X-CSRFToken": token})
    assert answer.status_code == 201, answer.content


def test_a_large_body_without_a_csrf_token_is_not_read(owner):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    body = Body(3 * MIB)
    assert_problem(stream(browser, body, 3 * MIB), 403, "csrf_failed")
    assert body.read_at_once == 0


def test_pages_of_the_admin_show_the_source(owner_api, owner):
    drop(owner_api)
    row = Bookmark.objects.get()
    past = browser_for(owner).get(f"/admin/bookmarks/bookmark/{row.pk}/history/")
    assert "drop" in past.content.decode()
