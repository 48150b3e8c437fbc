"""A database that is busy makes a page wait, and then say so; it fails nothing."""

from __future__ import annotations

import pytest
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


def assert_busy(answer):
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert "Content-Security-Policy" in answer
    assert "lock" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_written_now_can_be_in_a_moment(browser, lena):
    with held(lena.inbox), without_waiting():
        assert_busy(browser.post(PAGE, {"content": "Plant a tree"}))
    assert browser.post(PAGE, {"content": "Plant a tree"}).status_code == 302
    assert Todo.objects.get().content == "Plant a tree"


@pytest.mark.django_db(transaction=True)
def test_nobody_can_sign_in_while_the_session_cannot_be_kept(lena):
    typed = {"username": "lena", "password": PASSWORD}
    browser = Client(raise_request_exception=False)
    with held(lena), without_waiting():
        assert_busy(browser.post("/admin/login/", typed))
    assert browser.post("/admin/login/", typed).status_code == 302


def test_another_failure_is_one_of_ours(browser, monkeypatch):
    def break_down(*_args, **_options):
        raise RuntimeError("secret words")

    monkeypatch.setattr(events, "record_many", break_down)
    answer = browser.post(PAGE, {"content": "Plant a tree"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
