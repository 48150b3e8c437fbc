"""Signing in through the page."""

from __future__ import annotations

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.admin.cast import text_of
from tests.conftest import PASSWORD

PAGE = "/admin/login/"
ANSWER = "The user name and password do not match."


def test_signing_in_leads_to_the_requested_page(owner):
    typed = {"username": "olga", "password": PASSWORD, "next": "/admin/todos/todo/"}
    answer = Client().post(PAGE, typed)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/todos/todo/")


@pytest.mark.parametrize("case", ["no such person", "wrong password", "disabled"])
def test_every_failed_sign_in_gets_the_same_answer(owner, case):
    name = "nobody" if case == "no such person" else "olga"
    password = PASSWORD if case != "wrong password" else "guess"
    owner.is_active = case != "disabled"
    owner.save()
    answer = Client().post(PAGE, {"username": name, "password": password})
    assert answer.context["form"].non_field_errors() == [ANSWER]
    assert " staff " not in text_of(answer)


def test_a_form_sent_after_the_session_ended_leads_to_the_sign_in_page(owner):
    browser = Client(enforce_csrf_checks=True)
    typed = {"content": "x", "next": "/admin/todos/todo/?due=today"}
    answer = browser.post("/admin/todos/todo/quick-add/", typed)
    assert answer.status_code == 302
    wanted = "/admin/login/?next=/admin/todos/todo/%3Fdue%3Dtoday"
    assert answer["Location"] == wanted
    elsewhere = typed | {"next": "https://example.com/"}
    answer = browser.post("/admin/todos/todo/quick-add/", elsewhere)
    assert answer["Location"] == "/admin/login/?next=/admin/"
    browser.force_login(owner)
    answer = browser.post("/admin/todos/todo/quick-add/", typed)
    assert answer.status_code == 403
    assert Client(enforce_csrf_checks=True).post("/api/v1/todos").status_code == 401


def test_favicon_ico_is_served(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert finders.find(answer["Location"].removeprefix("/static/"))
