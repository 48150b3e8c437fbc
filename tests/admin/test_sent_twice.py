"""A form that is sent twice makes one row: after a double click, a reload, a retry."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.admin.cast import address
from tests.admin.html_forms import main_form
from tests.admin.todo_pages import QUICK_ADD
from tests.conftest import PASSWORD, browser_for
from todos.models import Comment, Todo, TodoList

# What a user types into the form of a model; unlisted models have one text field.
TYPED: dict[str, dict[str, Any]] = {
    "todo": {"content": "Dig", "new_labels": "soil, wood"},
    "user": {"username": "pat", "password1": PASSWORD, "password2": PASSWORD},
    "bookmark": {"title": "x", "url": "https://example.com/"},
}


def models_with_add_pages() -> list[Any]:
    found = []
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}_add"
        try:
            reverse(f"admin:{name}")
        except NoReverseMatch:
            continue
        found.append(model)
    return found


def count_rows() -> dict[str, int]:
    counted = {model: model._base_manager.count() for model in apps.get_models()}
    left_out = {"Session", "IdempotentAnswer"}
    return {m.__name__: n for m, n in counted.items() if m.__name__ not in left_out}


def send_twice(browser: Client, url: str, typed: dict[str, Any]) -> None:
    """Send a form twice, and check that the second time changes nothing."""
    first = browser.post(url, typed)
    assert first.status_code in {200, 302}, url
    rows = count_rows()
    again = browser.post(url, typed)
    assert again.status_code == 302, url
    assert count_rows() == rows, url
    if first.status_code == 302:
        assert again["Location"] == first["Location"]


@pytest.mark.parametrize("model", models_with_add_pages(), ids=lambda m: m.__name__)
def test_every_add_form_makes_one_row(administrator, model):
    name = f"{model._meta.app_label}_{model._meta.model_name}_add"
    browser = browser_for(administrator)
    opened = browser.get(address(name))
    if opened.status_code == 403:
        return  # these rows are not added on a page of their own
    todo_list = {"list": str(administrator.inbox.pk)}
    typed = main_form(opened).typed(
        **TYPED.get(model._meta.model_name, {"name": "Once"} | todo_list)
    )
    before = model._base_manager.count()
    send_twice(browser, address(name), typed | {"_save": "Save"})
    assert model._base_manager.count() == before + 1


@pytest.mark.parametrize(
    "typed",
    [
        {"subtasks-0-content": "Dig a hole"},
        {"comments-0-text": "Where?"},
        {"content": "Plant an oak", "comments-0-text": "Where?"},
        {"content": "Plant an oak", "new_labels": "wood"},
        {"notes": "By the fence"},
    ],
)
def test_the_form_of_a_todo_takes_effect_once(owner_browser, todo, typed):
    url = address("todos_todo_change", todo.pk)
    send_twice(owner_browser, url, main_form(owner_browser.get(url)).typed(**typed))


def test_the_form_of_a_list_takes_effect_once(owner_browser, outsider, todo_list):
    url = address("todos_todolist_change", todo_list.pk)
    form = main_form(owner_browser.get(url))
    new = next(name for name, _value in form.fields if name.endswith("-person"))
    removed = form.typed(**{new: "otto", "memberships-1-DELETE": "on", "name": "Shed"})
    send_twice(owner_browser, url, removed)
    assert todo_list.memberships.count() == 3


def test_quick_add_adds_one_todo(owner_browser):
    form = main_form(owner_browser.get(reverse("admin:index")))
    send_twice(owner_browser, QUICK_ADD, form.typed(content="Breathe"))
    assert Todo.objects.get().content == "Breathe"
    # The same text in a new form is another todo.
    form = main_form(owner_browser.get(reverse("admin:index")))
    owner_browser.post(QUICK_ADD, form.typed(content="Breathe"))
    assert Todo.objects.count() == 2


def test_going_back_and_typing_something_else_adds_it_too(owner_browser, todo):
    url = address("todos_todo_change", todo.pk)
    form = main_form(owner_browser.get(url))
    for text in ("Where?", "When?"):
        owner_browser.post(url, form.typed(**{"comments-0-text": text}))
    assert Comment.objects.count() == 2


def test_a_refused_form_can_be_sent_again(owner_browser):
    url = address("todos_todolist_add")
    form = main_form(owner_browser.get(url))
    refused = owner_browser.post(url, form.typed(name=""))
    assert refused.status_code == 200
    typed = main_form(refused).typed(name="Shed")
    send_twice(owner_browser, url, typed)
    assert TodoList.objects.filter(name="Shed").count() == 1


@pytest.mark.parametrize("once", ["", "forged:1vAbCd:xyz"])
def test_a_form_without_a_valid_token_adds_nothing_and_keeps_the_input(
    owner_browser, once
):
    url = address("todos_todolist_add")
    typed = main_form(owner_browser.get(url)).typed(name="Shed", once=once)
    refused = owner_browser.post(url, typed)
    assert "This form has expired." in refused.text
    assert not TodoList.objects.filter(name="Shed").exists()
    again = main_form(refused)
    assert again.data["name"] == "Shed"
    assert owner_browser.post(url, again.typed()).status_code == 302


def test_no_password_is_stored_with_a_used_token(administrator):
    browser = browser_for(administrator)
    url = address("accounts_user_add")
    browser.post(url, main_form(browser.get(url)).typed(**TYPED["user"]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM core_idempotentanswer")
        assert PASSWORD not in str(cursor.fetchall())
