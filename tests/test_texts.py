"""Text in any script is kept as it was typed; text that nobody can see is refused."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.db import models

from core.registry import registry
from tests.admin.cast import address, form_of
from tests.admin.todo_pages import quick_add
from tests.conftest import api_for, browser_for
from tests.problems import assert_problem
from tests.todos.helpers import fresh, label
from todos.models import Comment, Label, Todo, TodoList

API = "/api/v1"

# What people type or paste, by what is special about it.
KEPT = {
    "plain": "Buy milk",
    "markup": "<b>bold</b> &amp; <script>alert(1)</script>",
    "quotes": "\"double\" 'single' \\ `back`",
    "wildcards": "100% of a_b*?",
    "turkish": "İstanbul'da ılık ışık",
    "sharp s": "Straße und STRASSE",
    "ligature": "ﬁne oﬀer",
    "accents": "Kráľ Ľudovít, Łódź",
    "decomposed accents": "Kra\u0301l\u030c",
    "greek": "Βασίλειος ΒΑΣΙΛΕΙΟΣ",
    "cyrillic": "Ёлка и йод",
    "stacked marks": "z\u0351\u0352\u0353a\u0334\u0335\u0336l\u0315\u031bg\u0489o",
    "full width": "ＡＢＣ　１２３",
    "half width": "ｶﾞｷﾞｸﾞ",
    "chinese": "每天好好学习，天天向上",
    "rare ideograph": "𠮷野家へ",
    "korean": "한국어 공부",
    "hindi": "हिन्दी सीखना",
    "thai": "ซื้อนมที่ร้าน",
    "arabic": "اشترِ الحليب",
    "hebrew points": "שָׁלוֹם עוֹלָם",
    "both directions": "call محمد at 5",
    "override": "abc \u202etxt.exe",
    "unclosed isolate": "abc \u2067def",
    "stray end of isolate": "abc \u2069 def",
    "direction marks": "\u200fabc\u200e def",
    "emoji": "Party 🎉",
    "emoji family": "👨\u200d👩\u200d👧\u200d👦",
    "skin tone": "👍🏽",
    "flags": "🇩🇪🇨🇳",
    "flag of tags": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "keycap": "1\ufe0f\u20e3",
    "emoji selector": "❤\ufe0f",
    "soft hyphen": "Donau\u00addampf",
    "zero width space": "zero\u200bwidth",
    "joiners": "می\u200cخواهم",
    "byte order mark": "x\ufeffy",
    "no-break space": "10\u00a0km",
    "control": "a\u001b[31mred\u009b",
    "replacement": "caf\ufffd",
    "private use": "\ue000",
    "longest": "好" * 500,
    "longest that expands": "ﷺ" * 500,
}
UNSEEN = {
    "zero width space": "\u200b",
    "joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "direction marks": "\u200e\u200f",
    "override": "\u202e\u202c",
    "isolate": "\u2066\u2069",
    "hangul filler": "\u3164",
    "half-width hangul filler": "\uffa0",
    "hangul choseong filler": "\u115f\u1160",
    "braille blank": "\u2800",
    "variation selectors": "\ufe0f\U000e0100",
    "tags": "\U000e0041\U000e007f",
    "combining marks": "\u0301\u0489",
    "grapheme joiner": "\u034f",
    "mongolian separator": "\u180e",
    "control": "\u0007",
    "spaces and more": " \u00a0\u200b\u2003 ",
    "noncharacter": "\uffff",
}
EMPTY = {"nothing": "", "spaces": "  \t ", "ideographic space": "\u3000"}


def created(api, path, fields):
    answer = api.post(f"{API}/{path}", fields)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_text_is_kept_as_it_was_typed_and_is_found(owner, owner_api, todo_list):
    for what, text in KEPT.items():
        todo = created(owner_api, "todos", {"content": text, "notes": text})
        comment = created(owner_api, f"todos/{todo['id']}/comments", {"text": text})
        assert [todo["content"], todo["notes"], comment["text"]] == [text] * 3, what
        name = text[:100]
        new_list = created(owner_api, "lists", {"name": name})
        tag = created(owner_api, "labels", {"list": new_list["id"], "name": name})
        assert [new_list["name"], tag["name"]] == [name] * 2, what
        labelled = {"content": "x", "list": new_list["id"], "labels": [tag["id"]]}
        labelled = created(owner_api, "todos", labelled)
        answer = owner_api.get(f"{API}/todos", {"search": name, "page_size": 200})
        found = {row["id"] for row in answer.json()["results"]}
        assert {todo["id"], labelled["id"]} <= found, what
        for rows in (TodoList, Label):
            assert rows.objects.visible_to(owner).holding(name).exists(), what
        assert owner_api.patch(f"{API}/me", {"display_name": name}).status_code == 200
        assert fresh(owner).display_name == name, what


def test_pages_keep_text_as_it_was_typed(owner_browser):
    for what, text in KEPT.items():
        quick_add(owner_browser, content=text)
        todo = Todo.objects.newest()[0]
        assert todo.content == text, what
        page = address("todos_todo_change", todo.pk)
        answer = owner_browser.post(page, form_of(owner_browser.get(page)))
        assert answer.status_code == 302, what
        assert fresh(todo).version == todo.version, what


def test_text_that_nobody_can_see_is_no_content_and_no_name(
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


@pytest.mark.parametrize("text", ["a\x00b", "\ud83d", "x\udfff", "\udc00\ud800"])
def test_text_that_cannot_be_stored_is_refused(owner_api, todo, text):
    for path, field in (
        ("todos", "content"),
        ("lists", "name"),
        (f"todos/{todo.pk}/comments", "text"),
    ):
        body = json.dumps({field: text})
        answer = owner_api.post(f"{API}/{path}", body, content_type="application/json")
        assert_problem(answer, 400, "parse_error")


def test_line_breaks_of_forms_are_one_character(owner, owner_browser, todo):
    page = address("todos_todo_change", todo.pk)
    typed = form_of(owner_browser.get(page)) | {"notes": "one\r\ntwo"}
    owner_browser.post(page, typed)
    assert fresh(todo).notes == "one\ntwo"


# Fields with a format of their own.
FORMATTED = {
    "password",
    "email",
    "time_zone",
    "due_zone",
    "uid",
    "colour",
    "position",
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
