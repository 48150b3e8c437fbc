"""Forms are equivalent to JSON; PUT replaces and PATCH merges."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.conftest import NOW
from tests.problems import assert_problem
from todos.services.labels import add_label
from todos.services.todos import add_todo, edit_todo

TODOS = "/api/v1/todos"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def post(api, body, content_type=JSON):
    return api.generic("POST", TODOS, body, content_type=content_type)


@pytest.mark.parametrize(
    ("text", "kept"), [("true", True), ("on", True), ("1", True), ("false", False)]
)
def test_a_form_gives_booleans_as_words(owner_api, todo_list, text, kept):
    address = f"/api/v1/lists/{todo_list.pk}"
    answer = owner_api.patch(address, f"is_archived={text}", content_type=FORM)
    assert answer.json()["is_archived"] is kept


def test_a_form_with_an_invalid_boolean_is_refused(owner_api, todo_list):
    address = f"/api/v1/lists/{todo_list.pk}"
    answer = owner_api.patch(address, "is_archived=maybe", content_type=FORM)
    assert_problem(answer, 400, "invalid", "is_archived")


def test_a_form_creates_the_same_todo_as_json(owner_api, owner, todo_list):
    fields = {
        "content": "好好学习",
        "list": str(todo_list.pk),
        "priority": 2,
        "due_on": "2026-03-01",
        "due_time": "09:30",
        "due_zone": "Asia/Shanghai",
    }
    by_json = post(owner_api, json.dumps(fields)).json()
    form = "&".join(f"{name}={quote(str(value))}" for name, value in fields.items())
    by_form = post(owner_api, form, FORM).json()
    own = {"id", "uid", "rank", "created_at", "updated_at"}
    assert {k: v for k, v in by_form.items() if k not in own} == {
        k: v for k, v in by_json.items() if k not in own
    }


def test_a_form_creates_a_list(owner_api):
    answer = owner_api.post("/api/v1/lists", "name=Shed", content_type=FORM)
    assert answer.status_code == 201
    assert answer.json()["is_archived"] is False


def test_an_empty_value_in_a_form_clears_the_field(owner_api):
    todo = post(
        owner_api, json.dumps({"content": "x", "notes": "n", "due_on": "2026-03-01"})
    ).json()
    answer = owner_api.patch(
        f"{TODOS}/{todo['id']}", "notes=&due_on=", content_type=FORM
    )
    assert answer.json()["notes"] == ""
    assert answer.json()["due_on"] is None


def test_a_single_value_given_twice_in_a_form_is_refused(owner_api):
    answer = post(owner_api, "content=a&content=b", FORM)
    assert_problem(answer, 400, "invalid", "content")


def test_put_clears_omitted_fields_and_patch_keeps_them(owner_api):
    fields = {"content": "x", "notes": "n", "priority": 2, "due_on": "2026-03-01"}
    todo = post(owner_api, json.dumps(fields)).json()
    address = f"{TODOS}/{todo['id']}"
    patched = owner_api.patch(address, {"priority": 1}).json()
    assert (patched["notes"], patched["priority"]) == ("n", 1)
    replaced = owner_api.put(address, {"content": "y"}).json()
    assert (replaced["content"], replaced["notes"]) == ("y", "")
    assert (replaced["priority"], replaced["due_on"]) == (0, None)
    assert (replaced["list"], replaced["uid"]) == (todo["list"], todo["uid"])
    assert_problem(owner_api.put(address, {"notes": "n"}), 400, "invalid", "content")


def test_a_uid_cannot_be_cleared(owner_api):
    todo = post(owner_api, json.dumps({"content": "x"})).json()
    answer = owner_api.patch(f"{TODOS}/{todo['id']}", {"uid": ""})
    assert_problem(answer, 400, "invalid", "uid")


@pytest.mark.parametrize("form", ["urn:uuid:{}", "{{{}}}"])
def test_ids_are_accepted_in_one_notation_only(owner_api, todo_list, form):
    for field in ("id", "list"):
        body = {"content": "x", field: form.format(todo_list.pk)}
        answer = post(owner_api, json.dumps(body))
        assert_problem(answer, 400, "invalid", field)


CLEARED = {
    "labels": [], "priority": 0, "notes": "", "due_on": None, "due_time": None,
    "due_zone": "", "starts_on": None, "assignee": None, "parent": None,
}  # fmt: skip


@pytest.mark.parametrize("method", ["patch", "put"])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=b"])
def test_an_empty_value_clears_every_field_that_can_be_empty(
    owner_api, owner, todo_list, todo, method, content_type
):
    label = add_label(actor=owner, todo_list=todo_list, name="red", now=NOW)
    parent = add_todo(actor=owner, todo_list=todo_list, content="Dig", now=NOW)
    filled = edit_todo(
        actor=owner, todo=todo, now=NOW, labels=[label], priority=2, notes="n",
        due_on=NOW.date(), due_time=NOW.time(), due_zone="Asia/Tokyo",
        starts_on=NOW.date(), assignee=owner, parent=parent,
    )  # fmt: skip
    assert all(getattr(filled, name) for name in CLEARED)
    fields = {"content": "x"} | dict.fromkeys(CLEARED, "")
    body = "&".join(f"{name}={value}" for name, value in fields.items())
    if content_type != FORM:
        part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        body = "".join(part.format(*pair) for pair in fields.items()) + "--b--\r\n"
    send = getattr(owner_api, method)
    answer = send(f"{TODOS}/{todo.pk}", body, content_type=content_type)
    shown = answer.json()
    assert {name: shown.get(name) for name in CLEARED} == CLEARED, shown


@pytest.mark.parametrize("field", ["list", "uid", "content"])
def test_an_empty_value_of_a_field_that_cannot_be_empty_is_refused(
    owner_api, todo, field
):
    answer = owner_api.patch(f"{TODOS}/{todo.pk}", f"{field}=", content_type=FORM)
    assert_problem(answer, 400, "invalid", field)


def test_an_empty_role_in_a_form_is_not_a_role(owner_api, editor, todo_list):
    member = todo_list.memberships.get(user=editor)
    address = f"/api/v1/lists/{todo_list.pk}/members/{member.pk}"
    answer = owner_api.patch(address, "role=", content_type=FORM)
    assert_problem(answer, 400, "invalid", "role")


def test_empty_values_in_the_form_of_a_new_todo_are_defaults(owner_api, owner):
    names = ("id", "uid", "list", *CLEARED)
    answer = post(owner_api, "content=x&" + "&".join(f"{n}=" for n in names), FORM)
    assert answer.status_code == 201
    assert answer.json()["list"] == str(owner.inbox.pk)
