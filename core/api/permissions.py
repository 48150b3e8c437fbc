"""What a request may do: the scopes of its key and the permissions of its user."""

from __future__ import annotations

from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from core.registry import registry


class ScopeMissing(PermissionDenied):
    default_code = "scope_missing"
    default_detail = _("This API key does not have the required scope.")


class ScopedKey(Protocol):
    """A credential that may allow less than its user's permissions."""

    def allows(self, scope: str) -> bool: ...


class ScopedPermission(BasePermission):
    """Requires a signed-in user, the key's scope and the action's permission.

    The view names its `resource` and, in `required`, the permission of every action;
    without them, nobody has access. The queryset and the service decide which rows
    the user may access.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        resource, permission = requirement(view)
        if view.action in (None, "metadata"):
            return True  # OPTIONS and refused methods reveal methods, never rows
        key: ScopedKey | None = request.auth  # type: ignore[assignment]
        if key is not None:
            mode = "read" if request.method in SAFE_METHODS else "write"
            scope = f"{resource}:{mode}"
            if not key.allows(scope):
                message = _("This API key does not have the scope %s.")
                raise ScopeMissing(message % scope)
        return permission is None or request.user.has_perm(permission)


def requirement(view: Any) -> tuple[str, str | None]:
    """Return the view's resource and the permission that its action requires.

    If the permission is None, every signed-in user may do this.
    """
    resource = getattr(view, "resource", None)
    required = getattr(view, "required", {})
    # OPTIONS and refused methods have no action.
    action = view.action if view.action in required else None
    if resource not in registry.resources or (
        action is None and view.action not in (None, "metadata")
    ):
        raise ImproperlyConfigured(
            f"{type(view).__name__} does not declare what {view.action!r} requires."
        )
    if action is None:
        return resource, None
    return resource, required[action]
