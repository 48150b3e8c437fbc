"""Signing in through the page."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.admin.cast import text_of
from tests.conftest import PASSWORD, browser_for

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


def set_another_password(browser: Client, owner: User) -> None:
    owner.set_password("another password of hers")
    owner.save()


def disable(browser: Client, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)


def expire(browser: Client, owner: User) -> None:
    Session.objects.update(expire_date=timezone.now())


def sign_out_in_another_browser(browser: Client, owner: User) -> None:
    Session.objects.all().delete()


def sign_out(browser: Client, owner: User) -> None:
    browser.post("/admin/logout/")


def begin_without_session(browser: Client, owner: User) -> None:
    browser.cookies.clear()


@pytest.mark.parametrize(
    ("end", "times"),
    [
        (set_another_password, 1),
        (disable, 1),
        (expire, 1),
        (sign_out_in_another_browser, 1),
        (sign_out, 0),
        (begin_without_session, 0),
    ],
)
def test_the_page_says_once_that_the_session_has_ended(owner, end, times):
    browser = browser_for(owner)
    end(browser, owner)
    page = text_of(browser.get("/admin/todos/todo/", follow=True))
    assert page.count("Your session has ended. Sign in again to continue.") == times
    assert "Forgot your password?" in page
    again = text_of(browser.post(PAGE, {"username": "olga", "password": "guess"}))
    assert "Your session has ended. Sign in" not in again


@pytest.mark.parametrize(("typed", "focus"), [("olga", "password"), ("", "username")])
def test_after_a_mistake_the_focus_is_where_it_probably_was(owner, typed, focus):
    page = text_of(Client().post(PAGE, {"username": typed, "password": "guess"}))
    focused = [tag for tag in re.findall("<input[^>]+>", page) if "autofocus" in tag]
    assert [f'name="{focus}"' in tag for tag in focused] == [True]


FIRST = {"username": "olga", "password": PASSWORD, "time_zone": "Asia/Shanghai"}
CHINESE = {"Accept-Language": "zh-CN"}


def test_the_first_sign_in_takes_over_the_settings_of_the_browser(owner):
    Client().post(PAGE, FIRST, headers=CHINESE)
    owner.refresh_from_db()
    assert (owner.time_zone, owner.language) == ("Asia/Shanghai", "zh-hans")
    User.objects.update(time_zone="UTC", language="en")
    Client().post(PAGE, FIRST, headers=CHINESE)
    owner.refresh_from_db()
    assert (owner.time_zone, owner.language) == ("UTC", "en")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "asia/shanghai"])
def test_an_invalid_time_zone_does_not_prevent_the_first_sign_in(owner, zone):
    answer = Client().post(PAGE, FIRST | {"time_zone": zone})
    owner.refresh_from_db()
    assert (answer.status_code, owner.time_zone) == (302, "UTC")


def test_chosen_settings_stay_at_the_first_sign_in(owner):
    User.objects.update(time_zone="Europe/Berlin", language="zh-hans")
    Client().post(PAGE, FIRST, headers={"Accept-Language": "en"})
    owner.refresh_from_db()
    assert (owner.time_zone, owner.language) == ("Europe/Berlin", "zh-hans")


def test_signing_out_leads_to_the_sign_in_page(owner_browser):
    page = text_of(owner_browser.post("/admin/logout/"))
    assert "You are signed out" in page
    assert 'href="/admin/"' in page


def test_favicon_ico_is_served(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert finders.find(answer["Location"].removeprefix("/static/"))
