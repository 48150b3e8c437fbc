"""Pages keep text as it was typed; text that nobody can see is refused."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from core.registry import registry
from tests.admin.cast import address, form_of
from tests.admin.todo_pages import quick_add
from tests.conftest import api_for, browser_for
from tests.problems import assert_problem
from tests.texts import EMPTY, KEPT, UNSEEN
from tests.todos.helpers import fresh, label
from todos.models import Comment, Label, Todo, TodoList

API = "/api/v1"


def test_pages_keep_text_as_it_was_typed(owner_browser):
    for what, text in KEPT.items():
        quick_add(owner_browser, content=text)
        todo = Todo.objects.newest()[0]
        assert todo.content == text, what
        page = address("todos_todo_change", todo.pk)
        answer = owner_browser.post(page, form_of(owner_browser.get(page)))
        assert answer.status_code == 302, what
        assert fresh(todo).version == todo.version, what


def test_invisible_text_is_refused_as_content_or_name(
    owner, owner_browser, todo_list, todo
):
    owner_api = api_for(owner, list(registry.scopes))
    tag = label(owner, todo_list, "red")
    counts = count_rows()
    for what, text in (UNSEEN | EMPTY).items():
        for method, path, field, more in (
            ("post", "todos", "content", {}),
            ("post", f"todos/{todo.pk}/comments", "text", {}),
            ("post", "lists", "name", {}),
            ("post", "labels", "name", {"list": str(todo_list.pk)}),
            ("post", "me/keys", "name", {}),
            ("patch", f"todos/{todo.pk}", "content", {}),
            ("patch", f"lists/{todo_list.pk}", "name", {}),
            ("patch", f"labels/{tag.pk}", "name", {}),
            ("get", "todos", "search", {}),
        ):
            answer = getattr(owner_api, method)(f"{API}/{path}", {field: text, **more})
            assert_problem(answer, 400, "invalid", field)
            is_blank = not text.strip() or method == "get"
            code = answer.json()["errors"][0]["code"]
            assert code == ("blank" if is_blank else "invisible"), what
        quick = {"content": text, "next": "/admin/"}
        page = owner_browser.post("/admin/todos/todo/quick-add/", quick, follow=True)
        assert "Not added." in page.text, what
    assert count_rows() == counts


def count_rows():
    return [kind.objects.count() for kind in (Todo, TodoList, Label, Comment)]


def test_optional_text_is_empty_or_visible(owner_api, todo):
    for what, text in UNSEEN.items():
        for path, field in ((f"todos/{todo.pk}", "notes"), ("me", "display_name")):
            answer = owner_api.patch(f"{API}/{path}", {field: text})
            assert_problem(answer, 400, "invalid", field)
            assert answer.json()["errors"][0]["code"] == "invisible", what
            assert owner_api.patch(f"{API}/{path}", {field: ""}).status_code == 200


def test_line_breaks_of_forms_are_one_character(owner, owner_browser, todo):
    page = address("todos_todo_change", todo.pk)
    typed = form_of(owner_browser.get(page)) | {"notes": "one\r\ntwo"}
    owner_browser.post(page, typed)
    assert fresh(todo).notes == "one\ntwo"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("    code\n  more\n", "    code\n  more"),
        ("\n \n\t- item\n\t\t- nested", "\t- item\n\t\t- nested"),
        ("one\n\n  two  \n\n", "one\n\n  two"),
        (" \n\t\n", ""),
    ],
)
def test_the_indentation_of_text_stays(owner_api, owner_browser, todo, typed, kept):
    changed = owner_api.patch(f"{API}/todos/{todo.pk}", {"notes": typed})
    assert changed.json()["notes"] == kept
    comment = owner_api.post(f"{API}/todos/{todo.pk}/comments", {"text": typed})
    assert comment.json().get("text", "") == kept
    owner_api.patch(f"{API}/todos/{todo.pk}", {"notes": ""})
    page = address("todos_todo_change", todo.pk)
    sent = {"notes": typed, "comments-0-text": typed}
    owner_browser.post(page, form_of(owner_browser.get(page)) | sent)
    assert fresh(todo).notes == kept
    texts = Comment.objects.values_list("text", flat=True)
    assert set(texts) == ({kept} if kept else set())
    assert len(texts) == (2 if kept else 0)


# Fields with a format of their own.
FORMATTED = {
    "password",
    "email",
    "time_zone",
    "due_zone",
    "uid",
    "colour",
    "position",
    "public_key",
    "url",
}


def test_every_field_for_text_refuses_text_that_nobody_can_see():
    for model in apps.get_models():
        if not hasattr(model, "recorded"):
            continue
        for field in model._meta.concrete_fields:
            is_text = isinstance(field, models.CharField | models.TextField)
            if not is_text or not field.editable or field.choices:
                continue
            names = {getattr(check, "__name__", "") for check in field.validators}
            assert "validate_visible" in names or field.name in FORMATTED, field


def test_names_of_roles_and_people_can_be_seen(administrator):
    browser = browser_for(administrator)
    for page, field in (("role", "name"), ("user", "username")):
        for text in UNSEEN.values():
            answer = browser.post(f"/admin/accounts/{page}/add/", {field: text})
            assert answer.status_code == 200
            assert answer.context["adminform"].form.errors[field]
