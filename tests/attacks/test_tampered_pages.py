"""URLs and form data that our own pages never send."""

from __future__ import annotations

import pytest
from django.urls import reverse

from todos.models import Todo

TODOS = reverse("admin:todos_todo_changelist")


@pytest.mark.parametrize("field", ["created_by", "finished_by", "updated_by"])
def test_autocomplete_is_refused_for_fields_that_are_not_editable(
    owner_browser, todo, field
):
    answer = owner_browser.get(
        reverse("admin:autocomplete"),
        {"app_label": "todos", "model_name": "todo", "field_name": field},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("order", ["abc", "99", "-99", "1.2.-3", ""])
def test_an_invalid_order_falls_back_to_the_default(owner_browser, todo, order):
    answer = owner_browser.get(TODOS, {"o": order})
    assert answer.status_code == 200
    assert todo.content in answer.text


def test_an_action_ignores_invalid_ids(owner_browser, todo):
    chosen = ["x", "", "\x00", str(todo.pk)]
    typed = {"action": "finish", "_selected_action": chosen}
    assert owner_browser.post(TODOS, typed).status_code == 302
    assert Todo.objects.get(pk=todo.pk).is_finished


@pytest.mark.parametrize(
    "typed", [{"list": "x"}, {"list": "\x00"}, {"labels": ["x"]}, {"parent": "1"}]
)
def test_a_choice_with_an_invalid_id_is_a_form_error(owner_browser, todo, typed):
    form = {"content": "Changed", "list": todo.list_id, "priority": 0, **typed}
    page = reverse("admin:todos_todo_change", args=[todo.pk])
    answer = owner_browser.post(page, form)
    assert answer.status_code == 200
    assert "errorlist" in answer.text
    assert Todo.objects.get(pk=todo.pk).content == todo.content
