"""Services set only the fields that they declare, which are those of the API."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.serializers.people import MeSerializer
from accounts.services.fields import ProfileFields
from accounts.services.people import change_person, change_profile
from tests.conftest import NOW
from tests.todos.helpers import fresh, label
from todos.models import Label, Todo, TodoList
from todos.serializers.lists import LabelChangeSerializer, TodoListSerializer
from todos.serializers.todos import TodoChangeSerializer, cleared_fields
from todos.services.fields import LabelFields, ListFields, TodoDetails, TodoFields
from todos.services.labels import edit_label
from todos.services.lists import edit_list
from todos.services.todos import add_todo, edit_todo

INTERNAL = ["version", "created_by", "updated_at", "nonsense"]


def unknown(name: str) -> dict[str, Any]:
    """Return a keyword argument that the type checker does not see."""
    return {name: True}


@pytest.mark.parametrize("name", [*INTERNAL, "rank", "is_finished", "deleted_at"])
def test_no_service_sets_an_internal_column_of_a_todo(owner, todo_list, todo, name):
    before = Todo.with_trash.values().get(pk=todo.pk)
    with pytest.raises(TypeError, match=name):
        edit_todo(actor=owner, todo=todo, now=NOW, **unknown(name))
    with pytest.raises(TypeError, match=name):
        add_todo(
            actor=owner, todo_list=todo_list, content="x", now=NOW, **unknown(name)
        )
    assert Todo.with_trash.values().get() == before


@pytest.mark.parametrize("name", [*INTERNAL, "revision", "inbox_of", "last_rank"])
def test_no_service_sets_an_internal_column_of_a_list(owner, todo_list, name):
    before = TodoList.objects.values().get(pk=todo_list.pk)
    with pytest.raises(TypeError, match=name):
        edit_list(actor=owner, todo_list=todo_list, now=NOW, **unknown(name))
    assert TodoList.objects.values().get(pk=todo_list.pk) == before


@pytest.mark.parametrize("name", [*INTERNAL, "name_key", "list"])
def test_no_service_sets_an_internal_column_of_a_label(owner, todo_list, name):
    red = label(owner, todo_list, "red")
    with pytest.raises(TypeError, match=name):
        edit_label(actor=owner, label=red, now=NOW, **unknown(name))
    assert fresh(red).version == red.version


@pytest.mark.parametrize("name", [*INTERNAL, "password", "removed_at"])
def test_no_service_sets_an_internal_column_of_a_person(administrator, owner, name):
    with pytest.raises(TypeError, match=name):
        change_person(actor=administrator, person=owner, now=NOW, **unknown(name))
    assert fresh(owner).version == owner.version


@pytest.mark.parametrize("name", [*INTERNAL, "is_superuser", "is_active", "username"])
def test_people_cannot_change_other_fields_of_their_profile(owner, name):
    with pytest.raises(TypeError, match=name):
        change_profile(actor=owner, now=NOW, **unknown(name))
    assert not fresh(owner).is_superuser


@pytest.mark.parametrize(
    ("serializer", "fields", "explicit"),
    [
        (TodoChangeSerializer, TodoFields, {"list", "labels"}),
        (TodoListSerializer, ListFields, set()),
        (LabelChangeSerializer, LabelFields, set()),
        (MeSerializer, ProfileFields, set()),
    ],
)
def test_the_api_changes_the_fields_that_the_service_declares(
    serializer, fields, explicit
):
    writable = {
        name for name, field in serializer().fields.items() if not field.read_only
    }
    assert writable == fields.__optional_keys__ | explicit


def test_every_declared_field_is_a_column():
    for model, fields in ((Todo, TodoFields), (Label, LabelFields)):
        columns = {field.name for field in model._meta.concrete_fields}
        assert fields.__optional_keys__ <= columns


def test_put_clears_details_to_the_defaults_of_the_model(owner, todo_list):
    todo = add_todo(actor=owner, todo_list=todo_list, content="x", now=NOW)
    cleared = cleared_fields()
    assert cleared.keys() == TodoDetails.__optional_keys__ | {"labels"}
    assert cleared.pop("labels") == []
    assert cleared == {name: getattr(fresh(todo), name) for name in cleared}
