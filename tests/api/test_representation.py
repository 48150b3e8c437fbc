"""Rows are shown exactly as their serializers would show them."""

from __future__ import annotations

from datetime import UTC
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.renderers import JSONRenderer as FrameworkRenderer

from accounts.models import ApiKey, Role
from accounts.serializers.people import (
    ApiKeySerializer,
    MeSerializer,
    PermissionSerializer,
    PersonSerializer,
    RoleSerializer,
)
from core.api.event_serializers import EventSerializer
from core.api.renderers import as_json
from core.api.representation import representation_of
from core.models import Event
from core.registry import registry
from tests.api.statements import Filler
from tests.conftest import api_for
from todos.models import Comment, Label, Membership, Priority, Todo, TodoList
from todos.reads import find_todo
from todos.serializers.lists import (
    LabelSerializer,
    MembershipSerializer,
    TodoListSerializer,
)
from todos.serializers.todos import CommentSerializer, TodoSerializer

ids = st.none() | st.uuids()
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moments = st.datetimes(timezones=st.just(UTC))
todos = st.fixed_dictionaries(
    {
        "id": st.uuids(),
        "uid": text,
        "list_id": st.uuids(),
        "parent_id": ids,
        "content": text,
        "notes": text,
        "priority": st.sampled_from(Priority.values),
        "due_on": st.none() | st.dates(),
        "due_time": st.none() | st.times(),
        "due_zone": st.sampled_from(["", "Europe/Berlin"]),
        "due_at": st.none() | moments,
        "starts_on": st.none() | st.dates(),
        "rank": text,
        "assignee_id": ids,
        "is_finished": st.booleans(),
        "finished_at": st.none() | moments,
        "finished_by_id": ids,
        "created_at": moments,
        "created_by_id": ids,
        "updated_at": moments,
        "updated_by_id": ids,
        "deleted_at": st.none() | moments,
        "version": st.integers(min_value=1, max_value=2**31 - 1),
    }
)


def by_framework(serializer_class, rows, context):
    serializer = serializer_class(rows, many=True, context=context)
    return FrameworkRenderer().render(serializer.data)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(values=todos, labels=st.lists(st.uuids(), max_size=3))
def test_any_todo_is_shown_in_the_same_bytes(values, labels):
    todo: Any = Todo(**values)
    todo._prefetched_objects_cache = {"labels": [Label(pk=pk) for pk in labels]}
    shown = representation_of(TodoSerializer).many([todo], {})
    assert as_json(shown) == by_framework(TodoSerializer, [todo], {})


SERIALIZERS = [
    (ApiKeySerializer, lambda owner: ApiKey.objects.all()),
    (MeSerializer, lambda owner: [owner]),
    (PermissionSerializer, lambda owner: Permission.objects.all()),
    (PersonSerializer, lambda owner: [owner]),
    (RoleSerializer, lambda owner: Role.objects.all()),
    (EventSerializer, lambda owner: Event.objects.all()),
    (LabelSerializer, lambda owner: Label.objects.all()),
    (MembershipSerializer, lambda owner: Membership.objects.all()),
    (TodoListSerializer, lambda owner: TodoList.objects.as_seen_by(owner)),
    (CommentSerializer, lambda owner: Comment.objects.all()),
    (TodoSerializer, lambda owner: Todo.objects.order_by("pk")),
]


@pytest.mark.parametrize(("serializer_class", "find"), SERIALIZERS)
def test_every_kind_of_row_is_shown_in_the_same_bytes(
    serializer_class, find, owner, todo_list, todo
):
    fill = Filler(owner, todo_list, todo)
    fill.todos(2)
    fill.comments(2)
    fill.keys(1)
    api_for(owner)
    context = {
        "request": SimpleNamespace(user=owner),
        "visible_streams": registry.streams_visible_to(owner),
    }
    rows = list(find(owner))
    assert rows
    shown = representation_of(serializer_class).many(rows, context)
    assert as_json(shown) == by_framework(serializer_class, rows, context)


def test_a_todo_read_as_values_is_shown_as_its_model_is(owner, todo_list, todo):
    fill = Filler(owner, todo_list, todo)
    fill.todos(1)
    for row in Todo.objects.all():
        row.label_ids = sorted(row.label_ids)
        shown = representation_of(TodoSerializer)
        read: Any = find_todo(owner, row.pk)
        assert as_json(shown.one(read, {})) == as_json(shown.one(row, {}))
        assert read.etag == row.etag


def test_line_breaks_of_javascript_are_escaped():
    data = {"text": "a\u2028b\u2029c"}
    assert as_json(data) == FrameworkRenderer().render(data)
