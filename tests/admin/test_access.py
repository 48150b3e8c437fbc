"""Who can open the admin, and which of Django's URLs do not exist."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.admin.cast import address
from tests.conftest import browser_for, make_person

TABLES = [
    f"{model._meta.app_label}_{model._meta.model_name}_changelist"
    for model in admin.site._registry
]


def test_a_disabled_user_is_sent_to_the_sign_in_page(owner):
    browser = browser_for(owner)
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    answer = browser.get(address("todos_todo_changelist"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_every_page_requires_signing_in(table):
    assert Client().get(address(table)).status_code == 302


def test_the_redirect_to_public_pages_does_not_exist(owner):
    assert browser_for(owner).get("/admin/r/1/1/").status_code == 404


def test_the_page_of_an_app_redirects_home(owner):
    answer = browser_for(owner).get("/admin/todos/")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("admin:index")


def test_a_user_without_roles_sees_no_changelist(db):
    nora = make_person("nora", "no such role")
    nora.groups.clear()
    browser = browser_for(nora)
    assert browser.get(reverse("admin:index")).status_code == 200
    for table in TABLES:
        assert browser.get(address(table)).status_code in {403, 404}
