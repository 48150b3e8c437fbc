"""Lists that accept only encrypted bodies from programs."""

from __future__ import annotations

import json

import pytest

from core.append_only import events_open
from core.models import Event
from tests import jose
from tests.admin.cast import save
from tests.commands.running import run
from tests.problems import assert_problem
from todos.models import TodoList
from todos.services.labels import add_label
from todos.services.lists import add_list, edit_list
from todos.services.todos import add_todo

pytestmark = pytest.mark.django_db

API = "/api/v1"
CODE = "encrypted_body_required"


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    jose.generate_once(monkeypatch)


@pytest.fixture
def secret_list(owner, todo_list, now):
    return edit_list(
        actor=owner, todo_list=todo_list, requires_encrypted_writes=True, now=now
    )


@pytest.fixture
def label(owner, todo_list, now):
    return add_label(actor=owner, todo_list=todo_list, name="green", colour="", now=now)


def send(api, method, path, body, *, encrypted=False):
    kind, text = "application/json", json.dumps(body)
    if encrypted:
        key = jose.our_keys(api)[jose.EC]
        kind, text = "application/jose", jose.encrypt(key, body)
    return api.generic(method, f"{API}/{path}", text, content_type=kind)


def test_every_write_with_a_body_must_be_encrypted(
    owner, owner_api, todo, label, secret_list, now
):
    other = add_todo(actor=owner, todo_list=secret_list, content="Other", now=now)
    member = secret_list.memberships.get(user__username="edgar")
    pk, row = str(secret_list.pk), f"todos/{todo.pk}"
    writes = [
        ("POST", "todos", {"list": pk, "content": "x"}, 201),
        ("POST", "todos/bulk", {"todos": [{"list": pk, "content": "x"}]}, 201),
        ("PUT", row, {"content": "x", "list": pk}, 200),
        ("PATCH", row, {"content": "y"}, 200),
        ("PUT", f"{row}/position", {"before": str(other.pk)}, 200),
        ("POST", f"{row}/comments", {"text": "x"}, 201),
        ("POST", "labels", {"list": pk, "name": "blue"}, 201),
        ("PATCH", f"labels/{label.pk}", {"name": "red"}, 200),
        ("PATCH", f"lists/{pk}/members/{member.pk}", {"role": "viewer"}, 200),
        ("PATCH", f"lists/{pk}", {"colour": "#ff0000"}, 200),
        ("PATCH", f"lists/{pk}", {"name": "Lawn"}, 200),
    ]
    for method, path, body, status in writes:
        before = Event.objects.count()
        assert_problem(send(owner_api, method, path, body), 403, CODE)
        assert Event.objects.count() == before, (method, path)
        answer = send(owner_api, method, path, body, encrypted=True)
        assert answer.status_code == status, answer.content


def test_a_todo_moves_in_and_out_only_with_an_encrypted_body(
    owner, owner_api, todo, secret_list, now
):
    plain = add_list(actor=owner, name="Plain", now=now)
    for target in (plain, secret_list):
        body = {"list": str(target.pk)}
        assert_problem(send(owner_api, "PATCH", f"todos/{todo.pk}", body), 403, CODE)
        answer = send(owner_api, "PATCH", f"todos/{todo.pk}", body, encrypted=True)
        assert answer.json()["list"] == str(target.pk)


def test_a_request_without_a_body_has_nothing_to_encrypt(owner_api, todo, secret_list):
    path = f"{API}/todos/{todo.pk}"
    assert owner_api.put(f"{path}/finish").status_code == 200
    assert owner_api.delete(f"{path}/finish").status_code == 200
    assert owner_api.delete(path).status_code == 204
    assert owner_api.post(f"{path}/restore").status_code == 200
    assert owner_api.delete(f"{API}/lists/{secret_list.pk}").status_code == 204
    restored = owner_api.post(f"{API}/lists/{secret_list.pk}/restore")
    assert restored.json()["requires_encrypted_writes"] is True


def test_a_form_is_plain_as_well(owner_api, secret_list):
    body = {"list": str(secret_list.pk), "content": "x"}
    for format_ in ("json", "multipart"):
        answer = owner_api.post(f"{API}/todos", body, format=format_)
        assert_problem(answer, 403, CODE)


def test_a_claim_to_be_encrypted_is_not_enough(owner_api, todo, secret_list):
    """An attachment is stored as it is sent, whatever its media type."""
    answer = owner_api.generic(
        "POST",
        f"{API}/todos/{todo.pk}/attachments",
        b"not encrypted",
        content_type="application/jose",
    )
    assert_problem(answer, 403, CODE)


def test_an_encrypted_request_does_not_open_the_next_one(owner_api, secret_list):
    body = {"list": str(secret_list.pk), "content": "x"}
    assert send(owner_api, "POST", "todos", body, encrypted=True).status_code == 201
    assert_problem(send(owner_api, "POST", "todos", body), 403, CODE)


def test_a_reader_is_refused_for_the_role(viewer_api, secret_list):
    body = {"list": str(secret_list.pk), "content": "x"}
    answer = send(viewer_api, "POST", "todos", body)
    assert_problem(answer, 403, "permission_denied")


def test_an_owner_asks_for_it_openly_and_ends_it_encrypted(owner_api, todo_list):
    path = f"lists/{todo_list.pk}"
    on, off = ({"requires_encrypted_writes": value} for value in (True, False))
    answer = send(owner_api, "PATCH", path, on)
    assert answer.json()["requires_encrypted_writes"] is True
    assert_problem(send(owner_api, "PATCH", path, off), 403, CODE)
    answer = send(owner_api, "PATCH", path, off, encrypted=True)
    assert answer.json()["requires_encrypted_writes"] is False
    verbs = Event.objects.filter(stream_id=todo_list.pk, verb="list.changed")
    changes = [event.changes for event in verbs.order_by("seq")]
    name = "requires_encrypted_writes"
    assert changes == [{name: [False, True]}, {name: [True, False]}]


def test_a_new_list_can_require_it(owner_api):
    body = {"name": "Diary", "requires_encrypted_writes": True}
    answer = send(owner_api, "POST", "lists", body, encrypted=True)
    assert answer.json()["requires_encrypted_writes"] is True


def test_an_editor_cannot_change_the_rule(editor_api, todo_list):
    body = {"requires_encrypted_writes": True}
    answer = send(editor_api, "PATCH", f"lists/{todo_list.pk}", body)
    assert_problem(answer, 403, "permission_denied")


def test_pages_set_the_rule_and_are_not_bound_by_it(owner_browser, todo_list):
    url = f"/admin/todos/todolist/{todo_list.pk}/change/"
    save(owner_browser, url, requires_encrypted_writes="on")
    assert TodoList.objects.get(pk=todo_list.pk).requires_encrypted_writes
    save(owner_browser, url, name="Lawn")
    assert TodoList.objects.get(pk=todo_list.pk).name == "Lawn"


def test_doctor_accepts_lists_that_are_older_than_the_rule(owner_api, todo_list):
    """The events of such a list do not mention it."""
    event = Event.objects.get(stream_id=todo_list.pk, verb="list.created")
    del event.changes["requires_encrypted_writes"]
    with events_open():
        event.save()
    assert run("doctor").status == 0
