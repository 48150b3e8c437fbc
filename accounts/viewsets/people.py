"""Endpoints of people, roles and permissions."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import CharField, OuterRef, Value
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Role, User
from accounts.serializers.people import (
    MeSerializer,
    PermissionSerializer,
    PersonSerializer,
    RoleSerializer,
)
from accounts.services.people import change_profile
from core.api.converters import NUMBER
from core.api.filters import EARLIEST
from core.api.viewsets import CompositeTagViewSet, ScopedViewSet
from core.models import Event
from core.scoping import Order, ScopedQuerySet


class MeViewSet(CompositeTagViewSet[User]):
    """The profile of the requesting person."""

    resource = "profile"
    required = {"retrieve": None, "partial_update": None}
    queryset = User.objects.all()
    serializer_class = MeSerializer
    inputs = {"partial_update": MeSerializer}
    examples = {
        "partial_update": {
            "Move": {"time_zone": "Asia/Shanghai", "language": "zh-hans"}
        }
    }

    def retrieve(self, request: Request) -> Response:
        """Return your profile, with roles and permissions."""
        return self.item(self.user)

    def partial_update(self, request: Request) -> Response:
        """Change your display name, time zone or language."""
        person = change_profile(
            actor=self.user,
            expected=self.expected,
            now=timezone.now(),
            **self.valid(self.user),
        )
        return self.item(person)


class UserViewSet(ScopedViewSet[User]):
    """People who share a list with the requesting person; all for managers."""

    resource = "users"
    required = {"list": "accounts.view_user", "retrieve": "accounts.view_user"}
    queryset = User.objects.all()
    serializer_class = PersonSerializer
    orders = {"username": Order("username"), "-created_at": Order("created_at", True)}

    def list(self, request: Request) -> Response:
        """List people."""
        return self.page(self.query(self.get_queryset()))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one person."""
        return Response(self.present(self.get_object()))


# What the release contains counts as older than any moment that a client can give.
ALWAYS = Value(datetime.combine(EARLIEST, time.min, UTC))
# Groups have no time of creation; that of a role is in the event log.
ADDED_AT = Event.objects.filter(
    resource_type="role",
    resource_id=Cast(OuterRef("pk"), CharField()),
    verb="role.created",
).values("at")[:1]


class CatalogueQuerySet(ScopedQuerySet[Any]):
    """Rows that anyone with the permission may see."""

    def visible_to(self, user: User) -> CatalogueQuerySet:
        return self

    def editable_by(self, user: User) -> CatalogueQuerySet:
        return self.none()


class RoleViewSet(ScopedViewSet[Role]):
    """Roles and what they grant."""

    resource = "roles"
    required = {"list": "accounts.view_role", "retrieve": "accounts.view_role"}
    queryset = (
        CatalogueQuerySet(Role)
        .alias(created_at=Coalesce(ADDED_AT, ALWAYS))
        .prefetch_related("permissions__content_type")
    )
    serializer_class = RoleSerializer
    lookup_value_converter = NUMBER
    orders = {"name": Order("name")}

    def list(self, request: Request) -> Response:
        """List the roles."""
        return self.page(self.query(self.get_queryset()))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one role."""
        return Response(self.present(self.get_object()))


class PermissionViewSet(ScopedViewSet[Permission]):
    """Permissions: an operation on a resource."""

    resource = "roles"
    required = {"list": "accounts.view_role"}
    queryset = (
        CatalogueQuerySet(Permission)
        .alias(created_at=ALWAYS)
        .select_related("content_type")
    )
    serializer_class = PermissionSerializer
    orders = {"id": Order("id")}

    def list(self, request: Request) -> Response:
        """List the permissions that a role can grant."""
        return self.page(self.query(self.get_queryset()))
