"""Signing in through the page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.admin.cast import text_of
from tests.conftest import PASSWORD

PAGE = "/admin/login/"
ANSWER = "The user name and password do not match."


def test_a_person_who_knows_the_password_is_led_where_they_wanted_to_go(owner):
    typed = {"username": "olga", "password": PASSWORD, "next": "/admin/todos/todo/"}
    answer = Client().post(PAGE, typed)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/todos/todo/")


@pytest.mark.parametrize("case", ["no such person", "wrong password", "disabled"])
def test_whatever_is_wrong_the_answer_is_the_same(owner, case):
    name = "nobody" if case == "no such person" else "olga"
    password = PASSWORD if case != "wrong password" else "guess"
    owner.is_active = case != "disabled"
    owner.save()
    answer = Client().post(PAGE, {"username": name, "password": password})
    assert answer.context["form"].non_field_errors() == [ANSWER]
    assert "staff" not in text_of(answer)
