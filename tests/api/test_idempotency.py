"""A POST that is repeated with its Idempotency-Key has one effect."""

from __future__ import annotations

import pytest

from accounts.models import ApiKey
from core.models import Event, IdempotentAnswer
from core.registry import registry
from tests.conftest import NOW, api_for
from tests.problems import assert_problem
from todos.models import Membership, Todo
from todos.services.sharing import remove_member
from todos.services.trash import purge_todo, trash_todo

TODOS = "/api/v1/todos"
KEY = {"Idempotency-Key": "the-first-one"}
FORM = "application/x-www-form-urlencoded"


def multipart(boundary, content):
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="content"\r\n\r\n'
        f"{content}\r\n--{boundary}--\r\n"
    )
    return {
        "data": body,
        "content_type": f"multipart/form-data; boundary={boundary}",
    }


def test_a_retry_gets_the_first_response(owner_api):
    first = owner_api.post(TODOS, {"content": "once"}, headers=KEY)
    again = owner_api.post(TODOS, {"content": "once"}, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    for header in ("Location", "ETag"):
        assert again[header] == first[header]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Todo.objects.count() == 1
    assert Event.objects.filter(verb="todo.created").count() == 1


def test_every_post_can_be_retried(owner_api, owner, outsider, todo_list, todo):
    trash_todo(actor=owner, todo=todo, now=NOW)
    posts = [
        ("/api/v1/lists", {"name": "Shed"}),
        ("/api/v1/labels", {"list": str(todo_list.pk), "name": "urgent"}),
        (f"/api/v1/lists/{todo_list.pk}/members", {"person": "otto"}),
        (f"/api/v1/lists/{todo_list.pk}/restore", None),
        (f"{TODOS}/{todo.pk}/restore", None),
        (f"{TODOS}/{todo.pk}/comments", {"text": "Deep?"}),
    ]
    for number, (address, body) in enumerate(posts):
        headers = {"Idempotency-Key": f"post-{number}"}
        first = owner_api.post(address, body, headers=headers)
        assert first.status_code in {200, 201}, first.content
        events = Event.objects.count()
        again = owner_api.post(address, body, headers=headers)
        assert again.json() == first.json()
        assert again["Idempotency-Replayed"] == "true"
        assert Event.objects.count() == events


def test_different_content_with_the_same_key_is_422(owner_api, todo_list):
    owner_api.post(TODOS, {"content": "once"}, headers=KEY)
    others = [
        (TODOS, {"content": "twice"}),
        (TODOS, {"content": "once", "priority": 1}),
        ("/api/v1/lists", {"name": "once"}),
    ]
    for address, body in others:
        answer = owner_api.post(address, body, headers=KEY)
        assert_problem(answer, 422, "idempotency_key_reused")
    assert Todo.objects.count() == 1


def test_the_order_of_names_and_the_boundary_do_not_count(owner_api):
    one = owner_api.generic(
        "POST",
        TODOS,
        '{"content": "x", "priority": 1}',
        "application/json",
        headers=KEY,
    )
    two = owner_api.generic(
        "POST",
        TODOS,
        '{"priority": 1,\n "content": "x"}',
        "application/json",
        headers=KEY,
    )
    assert two.json() == one.json()
    other = {"Idempotency-Key": "form"}
    one = owner_api.post(TODOS, **multipart("aaa", "x"), headers=other)
    two = owner_api.post(TODOS, **multipart("bbb", "x"), headers=other)
    assert one.status_code == 201
    assert two.json() == one.json()


def test_idempotency_keys_are_separate_for_each_person(owner_api, editor_api):
    one = owner_api.post(TODOS, {"content": "mine"}, headers=KEY)
    two = editor_api.post(TODOS, {"content": "mine"}, headers=KEY)
    assert one.status_code == two.status_code == 201
    assert one.json()["id"] != two.json()["id"]


@pytest.mark.parametrize("key", ["", " ", "with space", "ünï", "x" * 256, "tab\there"])
def test_a_malformed_key_is_400(owner_api, key):
    answer = owner_api.post(TODOS, {"content": "x"}, headers={"Idempotency-Key": key})
    assert_problem(answer, 400, "idempotency_key_malformed")
    assert Todo.objects.count() == 0


def test_a_refusal_leaves_the_key_free(owner_api):
    refused = owner_api.post(TODOS, {"content": ""}, headers=KEY)
    assert_problem(refused, 400, "invalid", "content")
    assert IdempotentAnswer.objects.count() == 0
    assert owner_api.post(TODOS, {"content": "x"}, headers=KEY).status_code == 201


def test_a_retry_after_losing_the_list_is_404(owner, editor, editor_api, todo_list):
    body = {"content": "x", "list": str(todo_list.pk)}
    assert editor_api.post(TODOS, body, headers=KEY).status_code == 201
    membership = Membership.objects.get(list=todo_list, user=editor)
    remove_member(actor=owner, membership=membership, now=NOW)
    answer = editor_api.post(TODOS, body, headers=KEY)
    assert_problem(answer, 404, "not_found")
    assert "x" not in answer.json()["detail"]


def test_a_retry_after_losing_the_role_is_403(editor, editor_api):
    assert editor_api.post(TODOS, {"content": "x"}, headers=KEY).status_code == 201
    editor.groups.clear()
    answer = editor_api.post(TODOS, {"content": "x"}, headers=KEY)
    assert_problem(answer, 403, "permission_denied")


def test_a_retry_reveals_nothing_about_a_purged_row(owner, owner_api):
    made = owner_api.post(TODOS, {"content": "secret"}, headers=KEY).json()
    todo = Todo.objects.get(pk=made["id"])
    trash_todo(actor=owner, todo=todo, now=NOW)
    purge_todo(actor=owner, todo=todo, now=NOW)
    answer = owner_api.post(TODOS, {"content": "secret"}, headers=KEY)
    assert_problem(answer, 404, "not_found")
    assert Todo.with_trash.count() == 0


def test_a_retry_does_not_show_a_secret_again(owner):
    owner_api = api_for(owner, list(registry.scopes))
    keys = ApiKey.objects.count()
    first = owner_api.post("/api/v1/me/keys", {"name": "wall"}, headers=KEY)
    token = first.json()["token"]
    again = owner_api.post("/api/v1/me/keys", {"name": "wall"}, headers=KEY)
    assert_problem(again, 409, "secret_already_shown")
    assert ApiKey.objects.count() == keys + 1
    kept = IdempotentAnswer.objects.get()
    assert kept.body is None
    assert token not in repr(vars(kept))


def test_a_retry_is_answered_before_if_match_is_checked(owner, owner_api, todo):
    trash_todo(actor=owner, todo=todo, now=NOW)
    headers = KEY | {"If-Match": '"2"'}
    address = f"{TODOS}/{todo.pk}/restore"
    first = owner_api.post(address, headers=headers)
    assert first.status_code == 200
    assert owner_api.post(address, headers=headers).json() == first.json()


def test_other_methods_ignore_the_key(owner_api, todo):
    for _ in range(2):
        answer = owner_api.put(f"{TODOS}/{todo.pk}/finish", headers=KEY)
        assert answer.status_code == 200
    assert IdempotentAnswer.objects.count() == 0
