"""A database that is busy makes a page wait, and then say so; it fails nothing."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from accounts import events
from tests.conftest import PASSWORD, make_person


@pytest.fixture
def browser(db):
    make_person("lena")
    client = Client(raise_request_exception=False)
    client.post("/admin/login/", {"username": "lena", "password": PASSWORD})
    return client


def fail(*_args, **_options):
    raise OperationalError("database is locked")


def assert_busy(answer):
    assert answer.status_code == 503
    assert answer["Retry-After"] == "1"
    assert "Content-Security-Policy" in answer
    assert "locked" not in answer.text


def test_what_cannot_be_written_now_can_be_in_a_moment(browser, monkeypatch):
    monkeypatch.setattr(events, "record_many", fail)
    page = "/admin/todos/todo/quick-add/"
    assert_busy(browser.post(page, {"content": "Plant a tree"}))


def test_nobody_can_sign_in_while_the_session_cannot_be_kept(browser, monkeypatch):
    monkeypatch.setattr("accounts.sessions.SessionStore.save", fail)
    typed = {"username": "lena", "password": PASSWORD}
    assert_busy(Client(raise_request_exception=False).post("/admin/login/", typed))


def test_another_failure_is_one_of_ours(browser, monkeypatch):
    def break_down(*_args, **_options):
        raise RuntimeError("secret words")

    monkeypatch.setattr(events, "record_many", break_down)
    answer = browser.post("/admin/todos/todo/quick-add/", {"content": "Plant a tree"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
