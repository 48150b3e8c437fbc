"""Sign-in with a password; permissions come only from roles."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet


class RoleBackend(ModelBackend):
    """Django's backend without per-user permissions, which saves their query."""

    def _get_user_permissions(self, user_obj: object) -> QuerySet[Permission]:
        return Permission.objects.none()
