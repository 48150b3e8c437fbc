"""What a request may do at all: scope of its key ∧ permission of its person."""

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
    default_detail = _("This API key does not have the scope that this needs.")


class ScopedKey(Protocol):
    """What a client authenticates with, when that allows less than its user may."""

    def allows(self, scope: str) -> bool: ...


class ScopedPermission(BasePermission):
    """Needs a signed-in person, the key's scope and the action's permission.

    The view names its `resource` and, for every action, the permission it takes in
    `required`; a view that does not say is refused to everyone. Which rows it may
    touch is a matter of the queryset and the service.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        resource, permission = requirement(view)
        if view.action in (None, "metadata"):
            return True  # OPTIONS and refused methods tell of methods, never of rows
        key: ScopedKey | None = request.auth  # type: ignore[assignment]
        if key is not None:
            mode = "read" if request.method in SAFE_METHODS else "write"
            if not key.allows(f"{resource}:{mode}"):
                raise ScopeMissing
        return permission is None or request.user.has_perm(permission)


def requirement(view: Any) -> tuple[str, str | None]:
    """Return the resource and the permission that the view's action takes.

    None as permission: everyone who is signed in may do this.
    """
    resource = getattr(view, "resource", None)
    required = getattr(view, "required", {})
    # OPTIONS and refused methods have no action.
    action = view.action if view.action in required else None
    if resource not in registry.resources or (
        action is None and view.action not in (None, "metadata")
    ):
        raise ImproperlyConfigured(
            f"{type(view).__name__} does not say what {view.action!r} takes."
        )
    if action is None:
        return resource, None
    return resource, required[action]
