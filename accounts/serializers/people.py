"""People, roles, keys and events as the API shows them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import SCOPES, ApiKey, Event, Role, User
from accounts.serializers.base import StrictModelSerializer, StrictSerializer


class PersonSerializer(StrictModelSerializer):
    """A person as others see them."""

    class Meta:
        model = User
        fields = ("id", "username", "display_name", "is_active")
        read_only_fields = fields


class MeSerializer(StrictModelSerializer):
    """The person who asks; roles and permissions as they hold now."""

    email = serializers.CharField(read_only=True)  # may be empty, which is no address
    roles = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "email",
            "display_name",
            "time_zone",
            "language",
            "roles",
            "permissions",
            "created_at",
            "updated_at",
            "version",
        )
        read_only_fields = (
            "id",
            "username",
            "email",
            "created_at",
            "updated_at",
            "version",
        )

    def get_roles(self, user: User) -> list[str]:
        return sorted(user.groups.values_list("name", flat=True))

    def get_permissions(self, user: User) -> list[str]:
        return sorted(user.get_all_permissions())


class ApiKeySerializer(StrictModelSerializer):
    """A key without its secret."""

    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), allow_empty=False, required=False
    )

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "public_id",
            "name",
            "scopes",
            "expires_at",
            "last_used_at",
            "revoked_at",
            "created_at",
        )
        read_only_fields = (
            "id",
            "public_id",
            "last_used_at",
            "revoked_at",
            "created_at",
        )


class IssuedKeySerializer(ApiKeySerializer):
    """A key at its making: the only answer that holds its token."""

    token = serializers.CharField(read_only=True)

    class Meta(ApiKeySerializer.Meta):
        fields = (*ApiKeySerializer.Meta.fields, "token")  # type: ignore[assignment]


class RoleSerializer(StrictModelSerializer):
    """A role and what it grants, as app.codename."""

    permissions = serializers.SerializerMethodField()

    class Meta:
        model = Role
        fields = ("id", "name", "permissions")
        read_only_fields = fields

    def get_permissions(self, role: Role) -> list[str]:
        return sorted(label_of(permission) for permission in role.permissions.all())


class PermissionSerializer(StrictSerializer):
    """A permission: an operation on a resource."""

    id = serializers.IntegerField(read_only=True)
    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    resource = serializers.CharField(source="content_type.model", read_only=True)
    operation = serializers.SerializerMethodField()
    name = serializers.CharField(read_only=True)

    def get_label(self, permission: Permission) -> str:
        return label_of(permission)

    def get_operation(self, permission: Permission) -> str:
        return permission.codename.partition("_")[0]


def label_of(permission: Permission) -> str:
    """Return app.codename, as `has_perm` takes it."""
    return f"{permission.content_type.app_label}.{permission.codename}"


class EventSerializer(StrictModelSerializer):
    """An event. What changed in a list is shown to those who see the list.

    The log says to anyone who reads it that something changed, who did it and
    which fields; the content of other people's todos it keeps to itself.
    """

    fields_changed = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = (
            "id",
            "at",
            "actor_id",
            "actor_label",
            "source",
            "request_id",
            "verb",
            "resource_type",
            "resource_id",
            "stream_id",
            "seq",
            "fields_changed",
            "changes",
        )
        read_only_fields = fields

    def get_fields_changed(self, event: Event) -> list[str]:
        return sorted(event.changes)

    @extend_schema_field(
        {"type": ["object", "null"], "additionalProperties": {"type": "array"}}
    )
    def get_changes(self, event: Event) -> dict[str, Any] | None:
        streams = self.context.get("visible_streams", frozenset())
        shown = event.stream_id is None or event.stream_id in streams
        return event.changes if shown else None
