"""Global permissions; services of lists check the role in a list."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Permission

from core.errors import Forbidden
from core.users import User


def permission_name(permission: Permission) -> str:
    """Return app.codename, as `has_perm` takes it."""
    return f"{permission.content_type.app_label}.{permission.codename}"


def permission_names(permissions: Iterable[Permission]) -> list[str]:
    """Return app.codename of each, sorted; their content types should be loaded."""
    return sorted(permission_name(permission) for permission in permissions)


def require(actor: User | None, permission: str) -> None:
    """Refuse unless the actor's roles grant the permission.

    An actor of None is the system: a management command or a scheduled task.
    """
    if actor is not None and not actor.has_perm(permission):
        raise Forbidden


def require_no_escalation(actor: User | None, permissions: set[str]) -> None:
    """Refuse unless the actor has all of these permissions."""
    if actor is not None and not permissions <= actor.get_all_permissions():
        raise Forbidden
