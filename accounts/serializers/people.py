"""People, roles and keys as the API shows them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.images import SIZES
from accounts.models import ApiKey, Role, Signature, User
from accounts.public_keys import MOST
from core.api.serializers import (
    StrictModelSerializer,
    StrictSerializer,
    help_texts,
)
from core.registry import registry
from core.rights import permission_name, permission_names

LARGEST = SIZES[-1]
_ON_REQUEST = ", ".join(
    f"`{scope}`" for scope in registry.scopes if scope not in registry.default_scopes
)


class PictureOfPerson(serializers.Serializer[Any]):
    """The field with the picture of a person."""

    avatar_url = serializers.SerializerMethodField(
        help_text="Their picture, 256 × 256 pixels of WebP; null without one. For "
        "another size, replace 256 by 32, 64 or 128. Anyone can read it, and its "
        "content never changes: a new picture has another address."
    )

    def get_avatar_url(self, user: User) -> str | None:
        path = user.avatar_path(LARGEST)
        return self.context["request"].build_absolute_uri(path) if path else None


class PersonSerializer(PictureOfPerson, StrictModelSerializer):
    """A person as others see them."""

    class Meta:
        model = User
        fields = ("id", "username", "display_name", "is_active", "avatar_url")
        read_only_fields = fields


class MeSerializer(PictureOfPerson, StrictModelSerializer):
    """The requesting person, with their current roles and permissions."""

    email = serializers.CharField(
        read_only=True
    )  # may be empty, which is not a valid address
    roles = serializers.SerializerMethodField(
        help_text="The names of the person's roles."
    )
    permissions = serializers.SerializerMethodField(
        help_text="What the roles grant, as app.codename."
    )

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "email",
            "display_name",
            "time_zone",
            "language",
            "avatar_url",
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
        extra_kwargs = help_texts(time_zone="An IANA time zone.")

    def get_roles(self, user: User) -> list[str]:
        return user.role_names

    def get_permissions(self, user: User) -> list[str]:
        return sorted(user.get_all_permissions())


class ImageSerializer(StrictSerializer):
    """An image, as the body or in a form."""

    file = serializers.FileField(help_text="A JPEG, PNG, WebP or GIF image.")


@extend_schema_field({"type": "string", "pattern": f"^({'|'.join(Signature)})$"})
class SignatureField(serializers.ChoiceField):
    """How the requests of a signed-only key are signed."""


class PublicKeyField(serializers.DictField):
    """A public key as a JSON Web Key (RFC 7517); the service checks it."""

    child = serializers.CharField(max_length=1000)

    def __init__(self, **options: Any) -> None:
        options |= {"required": False, "allow_null": True, "allow_empty": False}
        super().__init__(**options)


_ENCRYPTION_KEY_HELP = (
    "A public key as a JSON Web Key (RFC 7517): EC on P-256, or RSA with 2048 to 4096 "
    "bits. With `Accept: application/jose`, responses are encrypted to it."
)


class ApiKeySerializer(StrictModelSerializer):
    """A key without its secret."""

    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=registry.scopes),
        allow_empty=False,
        required=False,
        help_text=f"What it may do; defaults to all but {_ON_REQUEST}.",
    )
    signature = SignatureField(
        choices=Signature.choices,
        allow_null=True,
        required=False,
        help_text="For a signed-only key: how its requests are signed.",
    )
    public_key = serializers.CharField(
        max_length=MOST,
        allow_null=True,
        required=False,
        help_text="With `ed25519`: the client's public key, as PEM or in base64. "
        "It is shown in base64url.",
    )
    encryption_key = PublicKeyField(help_text=_ENCRYPTION_KEY_HELP)

    class Meta:
        model = ApiKey
        fields = (
            "id",
            "public_id",
            "name",
            "scopes",
            "encryption_key",
            "expires_at",
            "last_used_at",
            "revoked_at",
            "created_at",
            "signature",
            "public_key",
        )
        read_only_fields = (
            "id",
            "public_id",
            "last_used_at",
            "revoked_at",
            "created_at",
        )
        extra_kwargs = help_texts(
            public_id="The part that is not secret, and the keyid of signatures.",
            expires_at="When it stops working; null for never.",
            last_used_at="When it was last used, to the minute.",
        )


class KeyChangeSerializer(ApiKeySerializer):
    """What can change about a key."""

    class Meta(ApiKeySerializer.Meta):
        read_only_fields = tuple(  # type: ignore[assignment]
            name for name in ApiKeySerializer.Meta.fields if name != "encryption_key"
        )

    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)


class IssuedKeySerializer(ApiKeySerializer):
    """A new key: the only response with its token, or the secret that signs."""

    token = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="The whole key. No other response contains it. "
        "Null for a signed-only key, which has none.",
    )
    signing_secret = serializers.CharField(
        read_only=True,
        allow_null=True,
        help_text="With `hmac-sha256`: the secret that signs, in ASCII. No other "
        "response contains it.",
    )

    class Meta(ApiKeySerializer.Meta):
        fields = (  # type: ignore[assignment]
            *ApiKeySerializer.Meta.fields,
            "token",
            "signing_secret",
        )


class RoleSerializer(StrictModelSerializer):
    """A role and what it grants, as app.codename."""

    permissions = serializers.SerializerMethodField()

    class Meta:
        model = Role
        fields = ("id", "name", "permissions")
        read_only_fields = fields

    def get_permissions(self, role: Role) -> list[str]:
        return permission_names(role.permissions.all())


class PermissionSerializer(StrictSerializer):
    """A permission: an operation on a resource."""

    id = serializers.IntegerField(read_only=True)
    label = serializers.SerializerMethodField()  # type: ignore[assignment]
    resource = serializers.CharField(source="content_type.model", read_only=True)
    operation = serializers.SerializerMethodField()
    name = serializers.CharField(read_only=True)

    def get_label(self, permission: Permission) -> str:
        return permission_name(permission)

    def get_operation(self, permission: Permission) -> str:
        return permission.codename.partition("_")[0]
