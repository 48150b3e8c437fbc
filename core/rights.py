"""What a person may do anywhere; what they may do in a list is the list's affair."""

from __future__ import annotations

from core.errors import Forbidden
from core.users import User


def require(actor: User | None, permission: str) -> None:
    """Refuse unless the actor's roles grant the permission.

    No actor is the system itself: a management command or scheduled work.
    """
    if actor is not None and not actor.has_perm(permission):
        raise Forbidden


def require_no_escalation(actor: User | None, permissions: set[str]) -> None:
    """Refuse to give, take or command permissions that the actor does not hold."""
    if actor is not None and not permissions <= actor.get_all_permissions():
        raise Forbidden
