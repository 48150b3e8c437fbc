"""Sign-in with a password; permissions come only from roles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.credentials import find_user
from accounts.devices import known_device
from accounts.models import User
from accounts.services.attempts import Attempt, count_attempt, uncount_attempt


class RoleBackend(ModelBackend):
    """Django's backend, with limited attempts and without per-user permissions.

    Every evaluation of a password goes through `authenticate`, which raises
    TooManyAttempts where a limit is reached. Leaving out the permissions that are given
    to users themselves saves a query.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **options: Any,
    ) -> User | None:
        if username is None or password is None:
            return None
        attempt = Attempt(
            name=username,
            address=request.META.get("REMOTE_ADDR", "") if request else "",
            device=known_device(request, username) if request else "",
        )
        count_attempt(attempt, now=timezone.now())
        user = super().authenticate(request, username, password, **options)
        if user is not None:
            uncount_attempt(attempt, now=timezone.now())
        return user

    def get_user(self, user_id: Any) -> User | None:
        user = find_user(user_id)
        return user if user and self.user_can_authenticate(user) else None

    def _get_user_permissions(self, user_obj: object) -> QuerySet[Permission]:
        return Permission.objects.none()
