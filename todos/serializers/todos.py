"""Todos and comments as the API shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import User
from core.api.fields import IdField
from core.api.serializers import (
    ScopedRelatedField,
    StrictModelSerializer,
    StrictSerializer,
)
from core.text import validate_storable
from todos.models import Comment, Label, Todo, TodoList
from todos.serializers.base import as_verbs_name


class TodoSerializer(StrictModelSerializer):
    """A todo. It holds what its version covers: labels and people are named by id."""

    id = IdField(required=False)
    list = ScopedRelatedField(queryset=TodoList.objects.all(), required=False)
    parent = ScopedRelatedField(  # type: ignore[assignment]
        queryset=Todo.objects.all(), allow_null=True, required=False
    )
    assignee = ScopedRelatedField(
        queryset=User.objects.all(), allow_null=True, required=False
    )
    labels = ScopedRelatedField(queryset=Label.objects.all(), many=True, required=False)

    class Meta:
        model = Todo
        fields = (
            "id",
            "uid",
            "list",
            "parent",
            "content",
            "notes",
            "priority",
            "due_on",
            "due_time",
            "due_zone",
            "due_at",
            "starts_on",
            "rank",
            "assignee",
            "labels",
            "is_finished",
            "finished_at",
            "finished_by",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "deleted_at",
            "version",
        )
        read_only_fields = (
            "due_at",
            "rank",
            "is_finished",
            "finished_at",
            "finished_by",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "deleted_at",
            "version",
        )
        validators: list[object] = []  # the service says which uid is taken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return as_verbs_name(attrs)


class TodoChangeSerializer(TodoSerializer):
    """What of a todo can change. PUT replaces: what it leaves out is emptied."""

    id = IdField(read_only=True)
    uid = serializers.CharField(
        max_length=255, required=False, validators=[validate_storable]
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = super().validate(attrs)
        return fields if self.partial else EMPTY | fields


# What a PUT makes of the fields that it leaves out; the list and uid stay.
EMPTY: dict[str, Any] = {
    "parent": None,
    "notes": "",
    "priority": 0,
    "due_on": None,
    "due_time": None,
    "due_zone": "",
    "starts_on": None,
    "assignee": None,
    "labels": [],
}


class PositionSerializer(StrictSerializer):
    """Where a todo is to stand: right before or right after another one."""

    before = ScopedRelatedField(queryset=Todo.objects.all(), required=False)
    after = ScopedRelatedField(queryset=Todo.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(
                _("Name one todo: the one before or the one after."), code="ambiguous"
            )
        return attrs


class CommentSerializer(StrictModelSerializer):
    """A comment on a todo."""

    class Meta:
        model = Comment
        fields = (
            "id",
            "todo",
            "text",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "version",
        )
        read_only_fields = (
            "id",
            "todo",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "version",
        )
