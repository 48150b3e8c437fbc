"""Lists, members and labels as the API shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import User
from accounts.serializers.people import PersonSerializer
from core.api.serializers import (
    ScopedRelatedField,
    StrictModelSerializer,
    StrictSerializer,
)
from todos.models import Label, MemberRole, Membership, TodoList
from todos.models.lists import colour_validator
from todos.serializers.base import as_verbs_name


class TodoListSerializer(StrictModelSerializer):
    """A list as one member sees it."""

    is_inbox = serializers.BooleanField(read_only=True)
    role = serializers.ChoiceField(choices=MemberRole.choices, read_only=True)
    colour = serializers.CharField(
        required=False, allow_blank=True, max_length=7, validators=[colour_validator]
    )
    # Behind a rank that begins with the last letter, ranks grow without bound.
    position = serializers.RegexField(
        r"\A[A-Ya-y][0-9A-Za-z]{0,199}\Z", required=False, max_length=200
    )

    class Meta:
        model = TodoList
        fields = (
            "id",
            "name",
            "is_archived",
            "is_inbox",
            "role",
            "colour",
            "position",
            "revision",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "version",
        )
        read_only_fields = (
            "id",
            "revision",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "version",
        )


class NewListSerializer(TodoListSerializer):
    """A list to be made, which is never archived."""

    is_archived = serializers.BooleanField(read_only=True)


class MembershipSerializer(StrictModelSerializer):
    """A member of a list."""

    user = PersonSerializer(read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "user", "role", "created_at", "updated_at", "version")
        read_only_fields = ("id", "created_at", "updated_at", "version")


class PersonNameField(serializers.CharField):
    """A person, by user name or email address, both exact."""

    default_error_messages = {
        "person_unknown": _("There is no person of this name or address.")
    }

    def run_validation(self, data: Any = serializers.empty) -> Any:
        name = super().run_validation(data)
        person = User.objects.named(name)
        return person or self.fail("person_unknown")


class NewMemberSerializer(StrictSerializer):
    """Who is to be a member: by user name or email address, both exact."""

    person = PersonNameField(max_length=254, source="user")
    role = serializers.ChoiceField(
        choices=MemberRole.choices, default=MemberRole.EDITOR
    )


class LabelSerializer(StrictModelSerializer):
    """A label of a list."""

    list = ScopedRelatedField(queryset=TodoList.objects.all())

    class Meta:
        model = Label
        fields = (
            "id",
            "list",
            "name",
            "colour",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "version",
        )
        read_only_fields = (
            "id",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "version",
        )
        validators: list[object] = []  # the service says which name is taken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return as_verbs_name(attrs)


class LabelChangeSerializer(LabelSerializer):
    """What of a label can change: it stays in its list."""

    list: Any = serializers.PrimaryKeyRelatedField(read_only=True)
