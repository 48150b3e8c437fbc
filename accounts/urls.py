"""URLs of people, roles and API keys, below /api/v1/."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.viewsets.avatars import AvatarViewSet
from accounts.viewsets.keys import MyKeyViewSet
from accounts.viewsets.people import (
    MeViewSet,
    PermissionViewSet,
    RoleViewSet,
    UserViewSet,
)

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("me/keys", MyKeyViewSet, basename="my-key")
router.register("users", UserViewSet, basename="user")
router.register("roles", RoleViewSet, basename="role")
router.register("permissions", PermissionViewSet, basename="permission")

urlpatterns = [
    path(
        "me",
        MeViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="me",
    ),
    path(
        "me/avatar",
        AvatarViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="my-avatar",
    ),
    *router.urls,
]
