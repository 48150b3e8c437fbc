"""People, roles, keys and events as the API shows them."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from rest_framework import serializers

from accounts.models import ApiKey, Role, User
from core.api.serializers import StrictModelSerializer, StrictSerializer
from core.registry import registry


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
        child=serializers.ChoiceField(choices=registry.scopes),
        allow_empty=False,
        required=False,
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
