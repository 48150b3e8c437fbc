"""References to rows of other people, in bodies and queries, are like missing ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver
from django.utils import timezone
from rest_framework import serializers

from core.api.serializers import ScopedRelatedField
from tests.api.matrix_world import CANARIES, World, built_once, patterns, unknown
from todos.models import Todo
from todos.services.trash import trash_todo

pytestmark = pytest.mark.django_db

# Method, endpoint of the person's own rows, field of the body, kind of its target.
REFERENCES = [
    ("post", "todos", "list", "list"),
    ("post", "todos", "parent", "todo"),
    ("post", "todos", "assignee", "user"),
    ("post", "todos", "labels", "label"),
    ("patch", "todos/{todo}", "list", "list"),
    ("patch", "todos/{todo}", "parent", "todo"),
    ("patch", "todos/{todo}", "assignee", "user"),
    ("patch", "todos/{todo}", "labels", "label"),
    ("put", "todos/{todo}/position", "before", "todo"),
    ("put", "todos/{todo}/position", "after", "todo"),
    ("post", "labels", "list", "list"),
]
FILTERS = [
    ("todos", "list", "list"),
    ("todos", "parent", "todo"),
    ("todos", "assignee", "user"),
    ("todos", "label", "label"),
    ("labels", "list", "list"),
]
NESTED = [
    ("get", "lists/{list}/members/{member}", "member"),
    ("patch", "lists/{list}/members/{member}", "member"),
    ("delete", "lists/{list}/members/{member}", "member"),
    ("get", "todos/{todo}/comments/{comment}", "comment"),
    ("patch", "todos/{todo}/comments/{comment}", "comment"),
    ("delete", "todos/{todo}/comments/{comment}", "comment"),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with built_once(django_db_blocker) as world:
        yield world


def send(world: World, method: str, path: str, body: Any = None) -> Any:
    with transaction.atomic():
        answer = getattr(world.clients["owner"], method)(f"/api/v1/{path}", body)
        transaction.set_rollback(True)
    return answer


def comparable(answer: Any, pk: Any) -> tuple[int, str]:
    text = answer.content.decode().replace(str(pk), "<id>")
    assert not any(word in text for word in CANARIES.values())
    return answer.status_code, text.replace(answer["X-Request-ID"], "<request>")


@pytest.mark.parametrize(("method", "endpoint", "field", "kind"), REFERENCES)
def test_a_reference_to_a_row_of_another_person_is_like_a_missing_one(
    world, method, endpoint, field, kind
):
    mine = world.owns["owner"]
    path, answers = endpoint.format(**mine), []
    base = {} if "position" in endpoint else {"content": "x", "name": "x"}
    base = {
        name: base[name]
        for name in base
        if name == ("name" if endpoint == "labels" else "content")
    }
    for pk in (world.foreign[kind], unknown()[kind]):
        value = [str(pk)] if field == "labels" else str(pk)
        answer = send(world, method, path, base | {field: value})
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        answers.append(comparable(answer, pk))
    assert answers[0] == answers[1]
    if field != "assignee":
        twin = mine["anchor"] if kind == "todo" else mine[kind]
        value = [str(twin)] if field == "labels" else str(twin)
        extra = {"list": str(mine["list"])} if method == "post" else {}
        answer = send(world, method, path, extra | base | {field: value})
        assert answer.status_code in {200, 201}, answer.content


@pytest.mark.parametrize(("endpoint", "name", "kind"), FILTERS)
def test_a_filter_by_a_row_of_another_person_finds_nothing(world, endpoint, name, kind):
    foreign, missing = world.foreign[kind], unknown()[kind]
    answers = [
        comparable(send(world, "get", f"{endpoint}?{name}={pk}"), pk)
        for pk in (foreign, missing)
    ]
    assert answers[0] == answers[1]
    assert '"results":[]' in answers[0][1]


@pytest.mark.parametrize(("method", "endpoint", "kind"), NESTED)
def test_a_child_is_not_found_below_another_parent(world, method, endpoint, kind):
    for child in (world.shared[kind], world.foreign[kind], unknown()[kind]):
        things = world.owns["owner"] | {kind: child}
        answer = send(world, method, endpoint.format(**things), {})
        assert answer.status_code == 404, answer.content


@pytest.mark.parametrize(
    "query",
    ["search=canary", f"search={CANARIES['content']}", "count=true", "page_size=200"],
)
def test_no_query_finds_a_todo_of_another_person(world, query):
    for person in ("outsider", "manager", "administrator"):
        for state in ("open", "finished", "trashed"):
            answer = world.clients[person].get(f"/api/v1/todos?{query}&state={state}")
            assert answer.status_code == 200
            assert "canary" not in answer.content.decode()
            assert str(world.foreign["todo"]) not in answer.content.decode()
            if "count" in query:
                mine = Todo.objects.visible_to(world.people[person]).count()
                assert answer.json()["count"] == (mine if state == "open" else 0)


def test_a_reference_to_a_trashed_todo_is_refused(world):
    mine = world.owns["owner"]
    anchor = Todo.objects.get(pk=mine["anchor"])
    trash_todo(actor=world.people["owner"], todo=anchor, now=timezone.now())
    for path, field in (("", "parent"), ("/position", "before")):
        method = "put" if path else "patch"
        answer = send(
            world, method, f"todos/{mine['todo']}{path}", {field: str(anchor.pk)}
        )
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_every_reference_in_a_serializer_is_scoped():
    views: set[Any] = {
        getattr(pattern.callback, "cls", None)
        for route, pattern in patterns(get_resolver().url_patterns, "")
        if route.startswith("api/") and hasattr(pattern.callback, "actions")
    }
    taken = {
        (serializer.__name__, name): field
        for view in views
        for serializer in view.inputs.values()
        for name, field in serializer().fields.items()
        if isinstance(field, serializers.RelatedField | serializers.ManyRelatedField)
        if not field.read_only
    }
    assert {name for _serializer, name in taken} == {
        field for _, _, field, _ in REFERENCES
    }
    for field in taken.values():
        one = getattr(field, "child_relation", field)
        assert isinstance(one, ScopedRelatedField)
