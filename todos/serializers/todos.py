"""Todos and comments as the API shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import User
from core.api.batches import BatchSerializer
from core.api.fields import IdField
from core.api.serializers import (
    ScopedRelatedField,
    StrictModelSerializer,
    StrictSerializer,
    help_texts,
)
from core.text import validate_storable
from todos.due import EARLIEST, LATEST
from todos.models import (
    CONTENT_BYTES,
    CONTENT_LENGTH,
    MAX_DEPTH,
    UID_LENGTH,
    Comment,
    Label,
    Priority,
    Todo,
    TodoList,
)
from todos.serializers.base import named_as_in_services
from todos.services.fields import TodoDetails

MAX_BULK = 1000  # todos that one request adds
_ID_HELP = "Chosen by the client (preferably a UUIDv7), or generated."
_UID_HELP = "Its id in other systems, unique in the list; defaults to `id`."


class TodoSerializer(StrictModelSerializer):
    """A todo. Its version covers all fields, so labels and people are ids."""

    id = IdField(required=False, help_text=_ID_HELP)
    list = ScopedRelatedField(
        queryset=TodoList.objects.all(),
        required=False,
        help_text="The list that it is in. A new todo without a list is added to the "
        "inbox.",
    )
    parent = ScopedRelatedField(  # type: ignore[assignment]
        queryset=Todo.objects.all(),
        allow_null=True,
        required=False,
        help_text="The todo of the same list that this is a subtask of; "
        f"at most {MAX_DEPTH} levels.",
    )
    assignee = ScopedRelatedField(
        queryset=User.objects.all(),
        allow_null=True,
        required=False,
        help_text="The owner or editor of the list who is responsible for it.",
    )
    labels = ScopedRelatedField(
        queryset=Label.objects.all(),
        many=True,
        required=False,
        help_text="Labels of the list.",
    )

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
        extra_kwargs = help_texts(
            uid=_UID_HELP,
            content=f"The text of the todo: at most {CONTENT_LENGTH:,} characters and "
            f"{CONTENT_BYTES:,} bytes in UTF-8.",
            priority=f"{Priority.legend()}.",
            due_on=f"A date from {EARLIEST.year} to {LATEST.year}.",
            due_time="Local time in `due_zone`; it needs `due_on`.",
            due_zone="An IANA time zone; defaults to the person's own if there is a "
            "time.",
            due_at="The moment of `due_on` and `due_time`.",
            starts_on="Not before this date, which is not after `due_on`.",
            rank="Position in the list, compared by bytes; see `todos_position`.",
            deleted_at="When it was moved to the trash.",
            version="Raised by every change; the `ETag`.",
        )
        validators: list[object] = []  # the service says which uid is taken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return named_as_in_services(attrs)


class TodoChangeSerializer(TodoSerializer):
    """The fields of a todo that can change. PUT clears omitted fields."""

    id = IdField(read_only=True, help_text=_ID_HELP)
    uid = serializers.CharField(
        max_length=UID_LENGTH,
        required=False,
        validators=[validate_storable],
        help_text=_UID_HELP,
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fields = super().validate(attrs)
        return fields if self.partial else cleared_fields() | fields


def cleared_fields() -> dict[str, Any]:
    """Return the values that PUT gives to omitted fields; list and uid stay."""
    defaults = {
        field.name: field.get_default()
        for field in Todo._meta.concrete_fields
        if field.name in TodoDetails.__optional_keys__
    }
    return {**defaults, "labels": []}


class NewTodosSerializer(BatchSerializer):
    """Todos to add; the parent of one may be another that comes before it."""

    def run_child_validation(self, data: Any) -> Any:
        fields = super().run_child_validation(data)
        if (pk := fields.get("id")) is not None:
            parent: Any = self.child.fields["parent"]
            parent.found.setdefault(pk, Todo(pk=pk))
        return fields


class TodoBulkSerializer(StrictSerializer):
    """Todos to add, in this order: all of them, or none."""

    todos = NewTodosSerializer(
        child=TodoSerializer(), allow_empty=False, max_length=MAX_BULK
    )


class TodoResultsSerializer(StrictSerializer):
    """Todos in the order of the request."""

    results = TodoSerializer(many=True)


class PositionSerializer(StrictSerializer):
    """The new position of a todo: right before or right after another one."""

    before = ScopedRelatedField(queryset=Todo.objects.all(), required=False)
    after = ScopedRelatedField(queryset=Todo.objects.all(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError(
                _("Give either before or after, not both."), code="ambiguous"
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
