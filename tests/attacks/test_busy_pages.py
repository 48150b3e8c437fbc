"""If the database is busy, a page responds with 503, and a retry succeeds."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.db import connection
from django.test import Client

from core import events
from core.timeouts import without_waiting
from tests.conftest import PASSWORD, browser_for, make_person
from tests.todos.threads import held
from todos.models import Todo

PAGE = "/admin/todos/todo/quick-add/"


@pytest.fixture
def lena(db):
    return make_person("lena")


@pytest.fixture
def browser(lena):
    browser = browser_for(lena)
    browser.raise_request_exception = False
    return browser


def typed_on_the_home_page(browser):
    once = browser.get("/admin/").context["quick_once"]
    return {"content": "Plant a tree", "once": once}


def assert_busy(answer):
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert "Content-Security-Policy" in answer
    assert "lock" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_a_write_during_a_lock_is_refused_and_succeeds_afterwards(browser, lena):
    typed = typed_on_the_home_page(browser)
    with held(lena.inbox), without_waiting():
        answer = browser.post(PAGE, typed, headers={"origin": "http://testserver"})
        assert_busy(answer)
    assert "Plant a tree" in answer.text
    assert browser.post(PAGE, typed).status_code == 302
    assert Todo.objects.get().content == "Plant a tree"


@pytest.mark.django_db(transaction=True)
def test_signing_in_during_a_lock_is_refused_and_succeeds_afterwards(lena):
    typed = {"username": "lena", "password": PASSWORD}
    browser = Client(raise_request_exception=False)
    # Attempts are counted in a transaction of their own, so PostgreSQL's usual timeout
    # applies.
    is_sqlite = connection.vendor == "sqlite"
    with held(lena), without_waiting() if is_sqlite else nullcontext():
        assert_busy(browser.post("/admin/login/", typed))
    assert browser.post("/admin/login/", typed).status_code == 302


def test_other_errors_are_internal_errors(browser, monkeypatch):
    def break_down(*_args, **_options):
        raise RuntimeError("secret words")

    monkeypatch.setattr(events, "record_many", break_down)
    answer = browser.post(PAGE, typed_on_the_home_page(browser))
    assert answer.status_code == 500
    assert "secret" not in answer.text
