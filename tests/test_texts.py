"""Text in any script is stored as it was typed, and is found."""

from __future__ import annotations

import json

import pytest

from tests.problems import assert_problem
from tests.texts import KEPT
from tests.todos.helpers import fresh
from todos.models import Label, TodoList

API = "/api/v1"


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
