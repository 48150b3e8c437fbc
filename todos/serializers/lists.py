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
    help_texts,
)
from todos.models import Label, MemberRole, Membership, TodoList
from todos.models.lists import colour_validator
from todos.ranks import MAX_RANK_LENGTH
from todos.serializers.base import named_as_in_services

_ARCHIVED_HELP = "Whether it is read-only."


class TodoListSerializer(StrictModelSerializer):
    """A list as one member sees it."""

    is_inbox = serializers.BooleanField(
        read_only=True, help_text="An inbox is never shared, archived or deleted."
    )
    role = serializers.ChoiceField(
        choices=MemberRole.choices,
        read_only=True,
        help_text="The role of the requesting person in the list.",
    )
    colour = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=7,
        validators=[colour_validator],
        help_text="The requesting person's colour of the list: #rrggbb, or empty.",
    )
    # After a rank that begins with the last letter, ranks would grow without limit.
    position = serializers.RegexField(
        rf"\A[A-Ya-y][0-9A-Za-z]{{0,{MAX_RANK_LENGTH - 1}}}\Z",
        required=False,
        max_length=MAX_RANK_LENGTH,
        help_text="Rank among the requesting person's lists, compared by bytes.",
    )

    class Meta:
        model = TodoList
        fields = (
            "id",
            "name",
            "is_archived",
            "requires_encrypted_writes",
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
        extra_kwargs = help_texts(
            is_archived=_ARCHIVED_HELP,
            requires_encrypted_writes="Whether bodies of writes to it must be "
            "encrypted (RFC 7516).",
            revision="Number of its last event; raised by every change in the list.",
        )


class NewListSerializer(TodoListSerializer):
    """A new list, which is never archived."""

    is_archived = serializers.BooleanField(read_only=True, help_text=_ARCHIVED_HELP)


class MembershipSerializer(StrictModelSerializer):
    """A member of a list."""

    user = PersonSerializer(read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "user", "role", "created_at", "updated_at", "version")
        read_only_fields = ("id", "created_at", "updated_at", "version")
        extra_kwargs = help_texts(
            role="Viewers can only read; editors can change everything except the "
            "members; owners can do everything."
        )


class PersonNameField(serializers.CharField):
    """A person, by user name or email address, both exact."""

    default_error_messages = {
        "person_unknown": _("No user has this name or email address.")
    }

    def run_validation(self, data: object = serializers.empty) -> Any:
        name = super().run_validation(data)
        person = User.objects.named(name)
        return person or self.fail("person_unknown")


class NewMemberSerializer(StrictSerializer):
    """A new member, by exact user name or email address."""

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
        extra_kwargs = help_texts(colour="#rrggbb, or empty.")
        validators: list[object] = []  # the service says which name is taken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return named_as_in_services(attrs)


class LabelChangeSerializer(LabelSerializer):
    """The fields of a label that can change: it stays in its list."""

    list: Any = serializers.PrimaryKeyRelatedField(read_only=True)
