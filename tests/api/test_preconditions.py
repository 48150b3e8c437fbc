"""ETag, If-None-Match and If-Match: conditional reads and writes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import timezone

from accounts.services.people import change_profile
from core.models import Event
from core.registry import registry
from tests.conftest import NOW, api_for, browser_for, make_person
from tests.problems import assert_problem
from todos.models import Membership, Todo
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list, trash_list
from todos.services.todos import add_todo, finish_todo
from todos.services.trash import trash_todo

TODOS = "/api/v1/todos"
LISTS = "/api/v1/lists"


@pytest.fixture
def anchor(owner, todo_list):
    return add_todo(actor=owner, todo_list=todo_list, content="Dig", now=NOW)


# --- Reading ------------------------------------------------------------------


@pytest.mark.parametrize("tag", ['"1"', 'W/"1"', '"0", "1"', "*"])
def test_an_unchanged_todo_is_304(owner_api, todo, tag):
    address = f"{TODOS}/{todo.pk}"
    assert owner_api.get(address)["ETag"] == '"1"'
    answer = owner_api.get(address, headers={"If-None-Match": tag})
    assert answer.status_code == 304
    assert answer["ETag"] == '"1"'
    assert answer.content == b""


@pytest.mark.parametrize("tag", ['"2"', "1", "nonsense", '"', ""])
def test_a_todo_with_a_different_tag_is_sent(owner_api, todo, tag):
    answer = owner_api.get(f"{TODOS}/{todo.pk}", headers={"If-None-Match": tag})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["todos", "lists", "labels"])
def test_an_unchanged_collection_is_304(owner_api, todo, path):
    first = owner_api.get(f"/api/v1/{path}")
    again = owner_api.get(f"/api/v1/{path}", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again["ETag"] == first["ETag"]


def test_any_change_alters_the_tag_of_a_collection(owner_api, editor_api, owner, todo):
    tags = {owner_api.get(TODOS)["ETag"]}
    editor_api.put(f"{TODOS}/{todo.pk}/finish")
    tags.add(owner_api.get(TODOS)["ETag"])
    editor_api.patch(f"{TODOS}/{todo.pk}", {"notes": "deep"})
    tags.add(owner_api.get(TODOS)["ETag"])
    editor_api.delete(f"{TODOS}/{todo.pk}")
    tags.add(owner_api.get(TODOS)["ETag"])
    owner_api.post(TODOS, {"content": "into the inbox"})
    tags.add(owner_api.get(TODOS)["ETag"])
    assert len(tags) == 5


def test_changes_by_strangers_keep_the_tag_of_a_collection(
    owner_api, outsider_api, todo
):
    before = owner_api.get(TODOS)["ETag"]
    outsider_api.post(TODOS, {"content": "elsewhere"})
    assert owner_api.get(TODOS)["ETag"] == before


def test_the_tag_of_a_collection_depends_on_query_and_person(
    owner_api, editor_api, todo
):
    asked = [
        owner_api.get(TODOS),
        owner_api.get(f"{TODOS}?state=open"),
        owner_api.get(TODOS, headers={"Accept-Language": "zh-hans"}),
        editor_api.get(TODOS),
    ]
    assert len({answer["ETag"] for answer in asked}) == len(asked)


def test_an_invalid_query_is_400_even_with_a_matching_tag(owner_api, todo):
    answer = owner_api.get(f"{TODOS}?state=odd", headers={"If-None-Match": "*"})
    assert_problem(answer, 400, "invalid", "state")
    answer = owner_api.get(f"{TODOS}?page=0", headers={"If-None-Match": "*"})
    assert_problem(answer, 400, "invalid", "page")


def test_a_new_name_of_a_member_alters_the_tag_of_the_membership(owner_api, editor):
    todo_list = add_list(actor=editor, name="Shed", now=NOW)
    api = api_for(editor)
    membership = Membership.objects.get(list=todo_list)
    address = f"{LISTS}/{todo_list.pk}/members/{membership.pk}"
    before = api.get(address)["ETag"]
    change_profile(actor=editor, display_name="Ed", now=NOW)
    after = api.get(address, headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.json()["user"]["display_name"] == "Ed"
    assert after["ETag"] != before


def test_if_match_protects_the_profile(owner_api, owner):
    tag = owner_api.get("/api/v1/me")["ETag"]
    assert (
        owner_api.get("/api/v1/me", headers={"If-None-Match": tag}).status_code == 304
    )
    changed = owner_api.patch(
        "/api/v1/me", {"display_name": "Ola"}, headers={"If-Match": tag}
    )
    assert changed.status_code == 200
    again = owner_api.patch(
        "/api/v1/me", {"display_name": "Oli"}, headers={"If-Match": tag}
    )
    assert_problem(again, 412, "version_mismatch")


def test_if_match_protects_a_key(owner):
    owner_api = api_for(owner, list(registry.scopes))
    made = owner_api.post("/api/v1/me/keys", {"name": "wall"})
    address = f"/api/v1/me/keys/{made.json()['id']}"
    wrong = owner_api.delete(address, headers={"If-Match": '"7-abc"'})
    assert_problem(wrong, 412, "version_mismatch")
    right = owner_api.delete(address, headers={"If-Match": made["ETag"]})
    assert right.status_code == 204


# --- Changing -----------------------------------------------------------------

WRITES = {
    "patch": ("patch", "", {"notes": "deep"}),
    "put": ("put", "", {"content": "Plant two trees"}),
    "finish": ("put", "/finish", None),
    "reopen": ("delete", "/finish", None),
    "position": ("put", "/position", {"after": "anchor"}),
    "trash": ("delete", "", None),
    "restore": ("post", "/restore", None),
    "purge": ("delete", "/purge", None),
}


@pytest.fixture
def write(owner_api, owner, todo, anchor):
    """Prepare a todo for a write, and write with If-Match."""

    def prepare(name):
        if name in {"restore", "purge"}:
            trash_todo(actor=owner, todo=todo, now=NOW)
        if name == "reopen":
            finish_todo(actor=owner, todo=todo, now=NOW)
        return Todo.with_trash.get(pk=todo.pk).version

    def send(name, tag, **headers):
        method, path, body = WRITES[name]
        body = {"after": str(anchor.pk)} if name == "position" else body
        headers |= {} if tag is None else {"If-Match": tag}
        address = f"{TODOS}/{todo.pk}{path}"
        return getattr(owner_api, method)(address, body, headers=headers)

    return SimpleNamespace(prepare=prepare, send=send)


@pytest.mark.parametrize("name", WRITES)
def test_a_stale_write_changes_nothing(write, todo, name):
    version = write.prepare(name)
    events = Event.objects.count()
    for tag in (f'"{version + 1}"', f'"{version - 1}", "x"', '""'):
        assert_problem(write.send(name, tag), 412, "version_mismatch")
    assert Event.objects.count() == events
    assert Todo.with_trash.get(pk=todo.pk).version == version


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"x", "{}"', ', "{}" ,', "*"])
def test_a_fresh_write_is_done(write, name, form):
    version = write.prepare(name)
    answer = write.send(name, form.format(version))
    assert answer.status_code in {200, 204}
    if answer.status_code == 200:
        assert answer["ETag"] == f'"{version + 1}"'


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("tag", ["1", "nonsense", '"1', "W/1", "", '"1" "2"', "*, *"])
def test_a_malformed_condition_is_refused(write, todo, name, tag):
    version = write.prepare(name)
    assert_problem(write.send(name, tag), 400, "etag_malformed", "If-Match")
    assert Todo.with_trash.get(pk=todo.pk).version == version


def test_if_match_protects_every_other_row(owner_api, owner, todo_list, todo):
    label = add_label(actor=owner, todo_list=todo_list, name="urgent", now=NOW)
    comment = add_comment(actor=owner, todo=todo, text="Deep?", now=NOW)
    member = Membership.objects.exclude(user=owner).filter(list=todo_list)[0]
    rows = {
        f"/api/v1/labels/{label.pk}": {"name": "soon"},
        f"{TODOS}/{todo.pk}/comments/{comment.pk}": {"text": "Deep."},
        f"{LISTS}/{todo_list.pk}/members/{member.pk}": {"role": "viewer"},
        f"{LISTS}/{todo_list.pk}": {"name": "Orchard"},
    }
    for address, body in rows.items():
        stale = owner_api.patch(address, body, headers={"If-Match": '"99"'})
        assert_problem(stale, 412, "version_mismatch")
        stale = owner_api.delete(address, headers={"If-Match": '"99"'})
        assert_problem(stale, 412, "version_mismatch")
        tag = owner_api.get(address)["ETag"]
        changed = owner_api.patch(address, body, headers={"If-Match": tag})
        assert changed.status_code == 200, changed.content
        done = owner_api.delete(address, headers={"If-Match": changed["ETag"]})
        assert done.status_code == 204, done.content


def test_restoring_a_list_checks_if_match(owner_api, owner):
    todo_list = add_list(actor=owner, name="Shed", now=NOW)
    trash_list(actor=owner, todo_list=todo_list, now=timezone.now())
    trashed = owner_api.get(f"{LISTS}?state=trashed").json()["results"][0]
    address = f"{LISTS}/{todo_list.pk}/restore"
    stale = owner_api.post(address, headers={"If-Match": '"99"'})
    assert_problem(stale, 412, "version_mismatch")
    assert trashed["version"] == 2
    back = owner_api.post(address, headers={"If-Match": '"2-1"'})
    assert back.status_code == 200


def test_a_row_of_another_person_is_404_before_if_match_is_checked(outsider_api, todo):
    for tag in ('"1"', '"2"'):
        answer = outsider_api.patch(
            f"{TODOS}/{todo.pk}", {"notes": "x"}, headers={"If-Match": tag}
        )
        assert_problem(answer, 404, "not_found")


def test_an_empty_patch_changes_nothing(owner_api, todo):
    events = Event.objects.count()
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        body = "{}" if "json" in content_type else ""
        answer = owner_api.patch(f"{TODOS}/{todo.pk}", body, content_type=content_type)
        assert answer.status_code == 200
        assert answer["ETag"] == '"1"'
    assert Event.objects.count() == events


def test_outsiders_get_404_with_any_if_match(todo):
    stranger = make_person("stan")
    answer = api_for(stranger).get(
        f"{TODOS}/{todo.pk}", headers={"If-None-Match": '"1"'}
    )
    assert_problem(answer, 404, "not_found")


# --- Every precondition (RFC 9110 §13.2.2) ------------------------------------

LONG_AGO, LATER = "Sat, 01 Jan 2000 00:00:00 GMT", "Tue, 01 Jan 2999 00:00:00 GMT"
# The headers, then the statuses of GET, HEAD, PATCH and DELETE; ETag is "1".
PRECONDITIONS = [
    ({"If-Match": '"1"'}, 200, 200, 200, 204),
    ({"If-Match": '"7"'}, 412, 412, 412, 412),
    ({"If-Match": "*"}, 200, 200, 200, 204),
    ({"If-None-Match": '"1"'}, 304, 304, 412, 412),
    ({"If-None-Match": 'W/"1"'}, 304, 304, 412, 412),
    ({"If-None-Match": '"7"'}, 200, 200, 200, 204),
    ({"If-None-Match": "*"}, 304, 304, 412, 412),
    ({"If-None-Match": "1"}, 200, 200, 200, 204),
    ({"If-Match": '"1"', "If-None-Match": '"1"'}, 304, 304, 412, 412),
    ({"If-Match": '"7"', "If-None-Match": '"1"'}, 412, 412, 412, 412),
    ({"If-Match": '"1"', "If-None-Match": '"7"'}, 200, 200, 200, 204),
    ({"If-Unmodified-Since": LONG_AGO}, 200, 200, 200, 204),
    ({"If-Unmodified-Since": LATER}, 200, 200, 200, 204),
    ({"If-Unmodified-Since": "nonsense"}, 200, 200, 200, 204),
    ({"If-Unmodified-Since": LONG_AGO, "If-Match": '"7"'}, 412, 412, 412, 412),
    ({"If-Unmodified-Since": LONG_AGO, "If-None-Match": '"1"'}, 304, 304, 412, 412),
    ({"If-Modified-Since": LATER}, 200, 200, 200, 204),
    ({"If-Modified-Since": LATER, "If-None-Match": '"7"'}, 200, 200, 200, 204),
    ({"If-Range": '"7"', "Range": "bytes=0-1"}, 200, 200, 200, 204),
]


@pytest.mark.parametrize("headers_and_statuses", PRECONDITIONS, ids=str)
def test_preconditions_are_evaluated_in_order(owner_api, todo, headers_and_statuses):
    headers, *statuses = headers_and_statuses
    address = f"{TODOS}/{todo.pk}"
    found = [
        owner_api.get(address, headers=headers),
        owner_api.head(address, headers=headers),
        owner_api.patch(address, {"notes": "x"}, headers=headers),
    ]
    version = Todo.objects.get(pk=todo.pk).version
    assert version == (2 if found[2].status_code == 200 else 1)
    headers = {
        name: value.replace('"1"', f'"{version}"') for name, value in headers.items()
    }
    found.append(owner_api.delete(address, headers=headers))
    assert [answer.status_code for answer in found] == statuses
    for answer in found:
        if answer.status_code == 412 and answer.wsgi_request.method != "HEAD":
            assert_problem(answer, 412, "version_mismatch")


@pytest.mark.parametrize("name", WRITES)
def test_a_write_to_an_existing_row_that_expects_none_is_refused(write, todo, name):
    version = write.prepare(name)
    for tag in ("*", f'"{version}"', f'W/"0", W/"{version}"'):
        answer = write.send(name, None, **{"If-None-Match": tag})
        assert_problem(answer, 412, "version_mismatch")
    assert Todo.with_trash.get(pk=todo.pk).version == version


@pytest.mark.parametrize("path", [TODOS, LISTS, "/api/v1/users", "/admin/"])
def test_a_date_is_ignored_where_there_is_none_to_compare(owner, path):
    browser = browser_for(owner)
    for name in ("If-Unmodified-Since", "If-Modified-Since"):
        for date in (LONG_AGO, LATER):
            assert browser.get(path, headers={name: date}).status_code == 200


def test_a_collection_has_no_state_that_a_new_row_could_depend_on(owner_api, todo):
    for headers in ({"If-None-Match": "*"}, {"If-Match": '"1"'}):
        answer = owner_api.post(TODOS, {"content": "x"}, headers=headers)
        assert_problem(answer, 412, "version_mismatch")
    for headers in ({"If-Match": "*"}, {"If-None-Match": '"1"'}):
        answer = owner_api.post(TODOS, {"content": "x"}, headers=headers)
        assert answer.status_code == 201
    assert Todo.objects.count() == 3


def test_a_refusal_comes_before_any_precondition(outsider_api, viewer_api, todo):
    headers = {"If-None-Match": "*", "If-Match": '"9"'}
    address = f"{TODOS}/{todo.pk}"
    answer = outsider_api.patch(address, {"notes": "x"}, headers=headers)
    assert_problem(answer, 404, "not_found")
    answer = viewer_api.patch(address, {"notes": "x"}, headers=headers)
    assert_problem(answer, 403, "permission_denied")
