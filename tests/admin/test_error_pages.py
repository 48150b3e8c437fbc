"""Error pages explain what went wrong and reveal nothing else."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.admin.cast import form_of, text_of
from todo_project.error_views import server_error
from todo_project.middleware import CONTENT_SECURITY_POLICY
from todos.admin.todos import TodoAdmin

INLINE = re.compile(r"<style|style=|<script(?![^>]*\bsrc=)|\son\w+=|javascript:", re.I)


def test_a_missing_page_explains_itself(db):
    answer = Client().get("/nowhere")
    assert answer.status_code == 404
    page = text_of(answer)
    assert "404" in page
    assert answer["X-Request-ID"] in page
    assert "Traceback" not in page


def test_an_error_page_needs_neither_database_nor_user():
    """No database is allowed here: a statement would fail the test."""
    request = RequestFactory().get("/anything")
    answer = server_error(request)
    assert answer.status_code == 500
    assert "Something went wrong on our side." in text_of(answer)
    assert not INLINE.search(text_of(answer))


def test_an_error_page_works_without_collected_static_files(settings, tmp_path):
    manifest = "todo_project.static.ReleaseStorage"
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": manifest}}
    answer = server_error(RequestFactory().get("/anything"))
    assert answer.status_code == 500
    assert answer.content == b"500 Something went wrong on our side.\n"


def test_a_server_error_shows_no_traceback(owner, monkeypatch, caplog):
    def fail(*_args: Any, **_options: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(TodoAdmin, "home_context", fail)
    browser = Client(raise_request_exception=False)
    browser.force_login(owner)
    with caplog.at_level(logging.CRITICAL):
        answer = browser.get(reverse("admin:index"))
    assert answer.status_code == 500
    assert "secret detail" not in text_of(answer)
    assert "Traceback" not in text_of(answer)


def test_a_form_without_csrf_token_is_refused_with_an_explanation(owner):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    answer = strict.post(reverse("admin:todos_todo_quick_add"), {"content": "x"})
    assert answer.status_code == 403
    assert "This form has expired" in text_of(answer)


# What the browser sends, what the proxy adds, and what the page then names.
MISFITS = [
    ("https://testserver", {}, "let the proxy set X-Forwarded-Proto"),
    ("https://testserver", {"X-Forwarded-Proto": "https"}, "to TRUSTED_PROXIES, and"),
    ("https://todo.example.com", {}, "address to CSRF_TRUSTED_ORIGINS"),
    ("http://testserver:8000", {}, "CSRF_TRUSTED_ORIGINS"),
    ("http://testserver", {}, ""),
    ("null", {}, ""),
    ("https://[", {}, ""),
]


@pytest.mark.parametrize(("origin", "headers", "advice"), MISFITS)
def test_a_form_from_an_origin_that_settings_do_not_fit_is_explained(
    db, caplog, origin, headers, advice
):
    answer = Client(enforce_csrf_checks=True).post(
        reverse("admin:login"), {"username": "x"}, headers={"Origin": origin} | headers
    )
    assert answer.status_code == 403
    page = text_of(answer)
    assert advice in page
    assert ("This form has expired" in page) is not bool(advice)
    warnings = [r for r in caplog.records if r.message == "form from another origin"]
    assert bool(warnings) is bool(advice)
    for warning in warnings:
        assert "The server is not set up for this address." in page
        assert (warning.origin, warning.peer) == (origin, "127.0.0.1")
        assert warning.seen == "http://testserver"
        assert warning.setting in advice


# The Host header, what the page says, and the setting that the page and the log name.
REFUSED_HOSTS = [
    ("192.0.2.7", "that host name.", "192.0.2.7 to ALLOWED_HOSTS"),
    ("192.0.2.7:8000", "that host name.", "192.0.2.7 to ALLOWED_HOSTS"),
    ("localhost:8000", "that port.", "8000 to ALLOWED_PORTS"),
    ("127.0.0.1:8000", "that port.", "8000 to ALLOWED_PORTS"),
]


@pytest.mark.parametrize(("host", "refused", "remedy"), REFUSED_HOSTS)
def test_a_refused_host_is_explained_by_the_setting_that_allows_it(
    db, caplog, host, refused, remedy
):
    answer = Client().get("/admin/", headers={"Host": host})
    assert answer.status_code == 421
    page = text_of(answer)
    assert f"This server does not serve {refused}" in page
    assert f"must add {remedy}." in page
    assert page.count("ALLOWED_") == 1
    [logged] = [r.getMessage() for r in caplog.records if "security" in r.name]
    assert remedy.rpartition(" ")[2] in logged
    assert logged.count("ALLOWED_") == 1


def test_a_busy_database_keeps_what_was_typed(owner_browser, todo):
    url = f"/admin/todos/todo/{todo.pk}/change/"
    data = form_of(owner_browser.get(url)) | {"content": "Typed with care"}

    def refuse(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        answer = owner_browser.post(url, data)
    assert answer.status_code == 200
    assert "The service is busy" in text_of(answer)
    assert "Typed with care" in text_of(answer)
    todo.refresh_from_db()
    assert todo.content == "Plant a tree"


@pytest.mark.parametrize(
    "page", ["index", "todos_todo_changelist", "todos_todo_add", "accounts_apikey_add"]
)
def test_pages_have_no_inline_script_or_style_and_a_strict_policy(owner_browser, page):
    answer = owner_browser.get(reverse(f"admin:{page}"))
    assert not INLINE.search(text_of(answer)), INLINE.search(text_of(answer))
    assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_sign_in_page_labels_its_fields_and_explains_refusals(owner):
    browser = Client()
    page = text_of(browser.get(reverse("admin:login")))
    assert 'for="id_username"' in page
    assert 'for="id_password"' in page
    answer = browser.post(reverse("admin:login"), {"username": "olga", "password": "x"})
    assert answer.status_code == 200
    assert "errornote" in text_of(answer)
