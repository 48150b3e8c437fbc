"""Many todos in one request: all of them are added, or none."""

from __future__ import annotations

from uuid import uuid4

import pytest

from core.models import Event, IdempotentAnswer
from tests.conftest import NOW, api_for
from tests.problems import assert_problem
from tests.todos.helpers import chain, contents, fresh, label, member, put
from todos.models import Todo
from todos.services.lists import add_list, edit_list, inbox_of, trash_list
from todos.services.sharing import remove_member
from todos.services.trash import purge_todo, trash_todo

BULK, TODOS = "/api/v1/todos/bulk", "/api/v1/todos"
KEY = {"Idempotency-Key": "the-first-one"}


def post(api, *todos, **options):
    return api.post(BULK, {"todos": list(todos)}, **options)


def state():
    """Return what a refused request must not change."""
    lists = Todo.objects.order_by().values_list("list__revision", "list__last_rank")
    return Todo.with_trash.count(), Event.objects.count(), sorted(set(lists))


@pytest.fixture
def ids(owner, outsider, viewer, todo_list, todo):
    """Return the ids that a request may name, by what they stand for."""
    other = add_list(actor=owner, name="Other", now=NOW)
    foreign = add_list(actor=outsider, name="Foreign", now=NOW)
    archived = add_list(actor=owner, name="Archived", now=NOW)
    edit_list(actor=owner, todo_list=archived, is_archived=True, now=NOW)
    gone = add_list(actor=owner, name="Gone", now=NOW)
    trash_list(actor=owner, todo_list=gone, now=NOW)
    trashed = put(owner, todo_list, "Trashed", uid="in-trash")
    trash_todo(actor=owner, todo=trashed, now=NOW)
    return {
        "list": todo_list.pk,
        "archived": archived.pk,
        "foreign list": foreign.pk,
        "trashed list": gone.pk,
        "todo": todo.pk,
        "deepest": chain(owner, todo_list, 5)[-1].pk,
        "todo elsewhere": put(owner, other).pk,
        "foreign todo": put(outsider, foreign).pk,
        "trashed todo": trashed.pk,
        "label": label(owner, todo_list, "red").pk,
        "label elsewhere": label(owner, other, "blue").pk,
        "foreign label": label(outsider, foreign, "grey").pk,
        "viewer": viewer.pk,
        "outsider": outsider.pk,
        "owner": owner.pk,
        "unknown": uuid4(),
    }


def named(ids, fields):
    """Return the fields, with the ids of what {…} in them stands for."""
    if isinstance(fields, dict):
        return {name: named(ids, value) for name, value in fields.items()}
    if isinstance(fields, list):
        return [named(ids, value) for value in fields]
    if isinstance(fields, str) and fields.startswith("{"):
        return str(ids[fields.strip("{}")])
    return fields


def test_todos_are_added_in_order_and_shown_as_by_other_requests(
    owner_api, owner, todo_list, todo
):
    red = label(owner, todo_list, "red")
    answer = post(
        owner_api,
        {"list": str(todo_list.pk), "content": "One", "priority": 3},
        {
            "list": str(todo_list.pk),
            "content": "Two",
            "notes": "  indented",
            "due_on": "2026-03-31",
            "due_time": "09:30",
            "due_zone": "Europe/Berlin",
            "starts_on": "2026-03-01",
            "parent": str(todo.pk),
            "assignee": str(owner.pk),
            "labels": [str(red.pk)],
            "uid": "two@example.com",
        },
        {"content": "Into the inbox"},
    )
    assert answer.status_code == 201, answer.content
    shown = answer.json()["results"]
    assert [one["content"] for one in shown] == ["One", "Two", "Into the inbox"]
    assert shown == [owner_api.get(f"{TODOS}/{one['id']}").json() for one in shown]
    assert contents(todo_list) == ["Plant a tree", "One", "Two"]
    assert shown[2]["list"] == str(inbox_of(owner, now=NOW).pk)
    found = owner_api.get(f"{TODOS}?search=indented red").json()["results"]
    assert [one["content"] for one in found] == ["Two"]


def test_a_bulk_of_one_leaves_what_a_single_post_does(owner_api, owner, todo_list):
    red = label(owner, todo_list, "red")
    fields = {"list": str(todo_list.pk), "content": "x", "labels": [str(red.pk)]}
    assert owner_api.post(TODOS, fields).status_code == 201
    assert post(owner_api, fields).status_code == 201
    one, two = Todo.objects.order_by("rank")
    own = {"id", "uid", "rank", "created_at", "updated_at"}
    columns = [field.attname for field in Todo._meta.concrete_fields]
    for name in set(columns) - own:
        assert getattr(one, name) == getattr(two, name), name
    events = [Event.objects.about("todo", row.pk).get() for row in (one, two)]
    assert events[0].changes.keys() == events[1].changes.keys()
    assert {event.source for event in events} == {"api"}
    revision = fresh(todo_list).revision
    assert [event.seq for event in events] == [revision - 1, revision]


def test_each_todo_has_an_event_and_the_numbers_have_no_gaps(
    owner_api, owner, todo_list
):
    other = add_list(actor=owner, name="Other", now=NOW)
    lists = [todo_list, other]
    todos = [
        {"list": str(lists[number % 2].pk), "content": f"{number}"}
        for number in range(20)
    ]
    assert post(owner_api, *todos).status_code == 201
    for number, one in enumerate(lists):
        assert contents(one) == [str(n) for n in range(number, 20, 2)]
        recorded = Event.objects.filter(stream_id=one.pk).order_by("seq")
        numbers = list(recorded.values_list("seq", flat=True))
        assert numbers == list(range(1, fresh(one).revision + 1))
        made = recorded.filter(verb="todo.created")
        assert [event.changes["content"][1] for event in made] == contents(one)


WRONG = [
    {},
    {"content": ""},
    {"content": "\u200b"},
    {"content": 5},
    {"content": "x" * 501},
    {"content": "字" * 501},
    {"content": None},
    {"content": "x", "titel": "y"},
    {"content": "x", "rank": "a0"},
    {"content": "x", "priority": 7},
    {"content": "x", "priority": "2"},
    {"content": "x", "due_on": "2026-02-30"},
    {"content": "x", "due_time": "09:30"},
    {"content": "x", "due_on": "2026-03-01", "due_time": "9:30"},
    {"content": "x", "due_on": "2026-03-01", "due_zone": "Mars/Base"},
    {"content": "x", "due_on": "2026-03-01", "starts_on": "2026-03-02"},
    {"content": "x", "id": "1"},
    {"content": "x", "id": "{todo}"},
    {"content": "x", "id": "{foreign todo}"},
    {"content": "x", "id": "{trashed todo}"},
    {"content": "x", "uid": "in-trash"},
    {"content": "x", "uid": "{todo}"},
    {"content": "x", "list": "{unknown}"},
    {"content": "x", "list": "{foreign list}"},
    {"content": "x", "list": "{trashed list}"},
    {"content": "x", "list": "{archived}"},
    {"content": "x", "list": None},
    {"content": "x", "parent": "{unknown}"},
    {"content": "x", "parent": "{foreign todo}"},
    {"content": "x", "parent": "{trashed todo}"},
    {"content": "x", "parent": "{todo elsewhere}"},
    {"content": "x", "parent": "{deepest}"},
    {"content": "x", "assignee": "{unknown}"},
    {"content": "x", "assignee": "{outsider}"},
    {"content": "x", "assignee": "{viewer}"},
    {"content": "x", "labels": "{label}"},
    {"content": "x", "labels": ["{unknown}"]},
    {"content": "x", "labels": ["{foreign label}"]},
    {"content": "x", "labels": ["{label}", "{label elsewhere}"]},
    {"content": "x", "labels": [5]},
    {"content": "x", "labels": ["{label}"] * 101},
]


@pytest.mark.parametrize("fields", WRONG)
def test_what_a_single_post_refuses_is_refused_with_the_place(owner_api, ids, fields):
    wrong = named(ids, {"list": "{list}"} | fields)
    before = state()
    single = owner_api.post(TODOS, wrong)
    answer = post(owner_api, {"list": str(ids["list"]), "content": "Good"}, wrong)
    assert single.status_code >= 400
    assert answer.status_code == single.status_code, answer.content
    given, expected = answer.json(), single.json()
    assert given["code"] == expected["code"]
    for error in expected["errors"]:
        error["field"] = f"todos.1.{error['field']}"
    assert given["errors"] == expected["errors"]
    assert state() == before


def test_wrong_fields_of_several_todos_are_named_at_once(owner_api):
    answer = post(
        owner_api, {"content": ""}, {"content": "x"}, {"priority": 9}, "x", None
    )
    assert_problem(
        answer,
        400,
        "invalid",
        "todos.0.content",
        "todos.2.content",
        "todos.2.priority",
        "todos.3",
        "todos.4",
    )


def test_at_most_100_errors_are_named(owner_api):
    answer = post(owner_api, *[{"content": "", "priority": 9}] * 1000)
    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 100


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"todos": None}, "null"),
        ({"todos": {}}, "wrong_type"),
        ({"todos": "x"}, "wrong_type"),
        ({"todos": []}, "empty"),
        ({"todos": [{"content": "x"}] * 1001}, "max_length"),
    ],
)
def test_the_body_holds_1_to_1000_todos(owner_api, body, code):
    answer = owner_api.post(BULK, body)
    assert_problem(answer, 400, "invalid", "todos")
    assert answer.json()["errors"][0]["code"] == code
    assert Todo.objects.count() == 0


def test_other_fields_beside_the_todos_are_refused(owner_api):
    body = {"todos": [{"content": "x"}], "atomic": False}
    assert_problem(owner_api.post(BULK, body), 400, "invalid", "atomic")
    assert_problem(owner_api.post(BULK, [{"content": "x"}]), 400, "invalid", "")


def test_ids_and_uids_are_unique_in_the_request(owner_api, owner, todo_list):
    mine = str(uuid4())
    other = add_list(actor=owner, name="Other", now=NOW)
    here, there = {"list": str(todo_list.pk)}, {"list": str(other.pk)}
    before = state()
    for one, two, code, field in (
        ({"id": mine} | here, {"id": mine} | there, "id_taken", "id"),
        ({"uid": "a"} | here, {"uid": "a"} | here, "uid_taken", "uid"),
        ({"id": mine} | here, {"uid": mine} | here, "uid_taken", "uid"),
    ):
        answer = post(owner_api, {"content": "x"} | one, {"content": "y"} | two)
        assert_problem(answer, 409, code, f"todos.1.{field}")
        assert state() == before
    answer = post(
        owner_api,
        {"content": "x", "uid": "a"} | here,
        {"content": "y", "uid": "a"} | there,
    )
    assert answer.status_code == 201


def test_a_parent_may_come_before_its_subtasks_in_the_request(owner_api, todo_list):
    line = [str(uuid4()) for _ in range(6)]
    todos = [
        {"list": str(todo_list.pk), "content": f"{number}", "id": pk}
        for number, pk in enumerate(line)
    ]
    for todo, above in zip(todos[1:], line, strict=False):
        todo["parent"] = above
    assert_problem(post(owner_api, *todos), 400, "invalid", "todos.5.parent")
    assert Todo.objects.count() == 0
    answer = post(owner_api, *todos[:5])
    assert answer.status_code == 201
    assert [one["parent"] for one in answer.json()["results"]] == [None, *line[:4]]


@pytest.mark.parametrize("place", [0, 1])
def test_a_parent_after_the_todo_or_itself_is_refused(owner_api, todo_list, place):
    line = [str(uuid4()) for _ in range(2)]
    todos = [{"list": str(todo_list.pk), "content": "x", "id": pk} for pk in line]
    todos[place]["parent"] = line[1]
    answer = post(owner_api, *todos)
    assert_problem(answer, 400, "invalid", f"todos.{place}.parent")


def test_a_parent_in_the_request_must_be_in_the_same_list(owner_api, todo_list):
    pk = str(uuid4())
    answer = post(
        owner_api,
        {"content": "In the inbox", "id": pk},
        {"content": "x", "list": str(todo_list.pk), "parent": pk},
    )
    assert_problem(answer, 400, "invalid", "todos.1.parent")
    assert Todo.objects.count() == 0


def test_every_list_needs_the_role_of_an_editor(
    viewer_api, viewer, editor_api, outsider_api, todo_list
):
    own = {"content": "x"}
    shared = own | {"list": str(todo_list.pk)}
    before = state()
    assert_problem(post(viewer_api, own, shared), 403, "permission_denied")
    assert_problem(post(outsider_api, own, shared), 400, "invalid", "todos.1.list")
    assert state() == before
    assert post(editor_api, own, shared).status_code == 201


def test_it_needs_the_scope_and_the_permission_to_add_todos(owner):
    reading = api_for(owner, ["todos:read"])
    assert_problem(post(reading, {"content": "x"}), 403, "scope_missing")
    writing = api_for(owner, ["todos:write"])
    assert post(writing, {"content": "x"}).status_code == 201
    owner.groups.clear()
    assert_problem(post(writing, {"content": "x"}), 403, "permission_denied")
    assert Todo.objects.count() == 1


def test_a_new_todo_depends_on_no_state_of_the_collection(owner_api):
    for headers in ({"If-None-Match": "*"}, {"If-Match": '"1"'}):
        answer = post(owner_api, {"content": "x"}, headers=headers)
        assert_problem(answer, 412, "version_mismatch")
    for headers in ({"If-Match": "*"}, {"If-None-Match": '"1"'}):
        assert post(owner_api, {"content": "x"}, headers=headers).status_code == 201


def test_a_retry_has_one_effect_and_gets_the_same_todos(owner_api, owner, todo_list):
    red = label(owner, todo_list, "red")
    todos = [
        {"list": str(todo_list.pk), "content": f"{n}", "labels": [str(red.pk)]}
        for n in range(30)
    ]
    first = post(owner_api, *todos, headers=KEY)
    before = state()
    again = post(owner_api, *todos, headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert state() == before
    other = post(owner_api, *todos[1:], headers=KEY)
    assert_problem(other, 422, "idempotency_key_reused")
    refused = post(owner_api, {"content": ""}, headers={"Idempotency-Key": "other"})
    assert refused.status_code == 400
    assert IdempotentAnswer.objects.count() == 1


def test_only_the_ids_are_kept_for_a_retry(owner_api):
    made = post(owner_api, {"content": "secret"}, headers=KEY).json()["results"]
    kept = IdempotentAnswer.objects.get()
    assert kept.body == {"ids": [made[0]["id"]]}


def test_a_retry_after_a_todo_was_purged_is_404(owner_api, owner):
    todos = [{"content": "one"}, {"content": "two"}]
    made = post(owner_api, *todos, headers=KEY).json()["results"]
    todo = Todo.objects.get(pk=made[1]["id"])
    trash_todo(actor=owner, todo=todo, now=NOW)
    assert post(owner_api, *todos, headers=KEY).status_code == 201
    purge_todo(actor=owner, todo=todo, now=NOW)
    assert_problem(post(owner_api, *todos, headers=KEY), 404, "not_found")


def test_a_retry_after_losing_the_list_is_404(owner, editor, editor_api, todo_list):
    todo = {"content": "x", "list": str(todo_list.pk)}
    assert post(editor_api, todo, headers=KEY).status_code == 201
    remove_member(actor=owner, membership=member(todo_list, editor), now=NOW)
    assert_problem(post(editor_api, todo, headers=KEY), 404, "not_found")
