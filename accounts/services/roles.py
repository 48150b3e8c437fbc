"""Add, change and delete roles."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime
from hashlib import sha256
from typing import cast

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from core import events
from core.errors import Conflict, Missing, Stale
from core.models import Changes
from core.rights import permission_names, require, require_no_escalation
from core.text import fold


class RoleExists(Conflict):
    code = "role_exists"
    message = _("A role with this name already exists.")

    def __init__(self) -> None:
        super().__init__(field="name")


@transaction.atomic
def add_role(
    *, actor: User | None, name: str, permissions: Iterable[Permission], now: datetime
) -> Role:
    """Add a role; it grants only permissions that the actor has."""
    require(actor, "accounts.add_role")
    granted = list(permissions)
    require_no_escalation(actor, set(permission_names(granted)))
    _require_free_name(name)
    role = cast(Role, Role.objects.create(name=name))
    role.permissions.set(granted)
    changes: Changes = {
        "name": [None, name],
        "permissions": [None, permission_names(granted)],
    }
    events.record(
        actor=actor, verb="role.created", target=role, changes=changes, at=now
    )
    return role


@transaction.atomic
def change_role(
    *,
    actor: User | None,
    role: Role,
    now: datetime,
    expected: Container[str] | None = None,
    name: str | None = None,
    permissions: Iterable[Permission] | None = None,
) -> Role:
    """Change a role; the actor must have its old and new permissions."""
    require(actor, "accounts.change_role")
    role = _lock_role(actor, role, expected)
    changes: Changes = {}
    if name is not None and name != role.name:
        _require_free_name(name, exclude=role)
        changes["name"] = [role.name, name]
        role.name = name
        role.save(update_fields=["name"])
    if permissions is not None:
        changes |= _grant(actor, role, list(permissions))
    if changes:
        events.record(
            actor=actor, verb="role.changed", target=role, changes=changes, at=now
        )
    return role


@transaction.atomic
def remove_role(*, actor: User | None, role: Role, now: datetime) -> None:
    """Delete a role; people who have it lose it with their next request."""
    require(actor, "accounts.delete_role")
    role = _lock_role(actor, role, None)
    changes: Changes = {
        "name": [role.name, None],
        "permissions": [granted_by(role), None],
        "people": [
            sorted(str(pk) for pk in role.user_set.values_list("pk", flat=True)),
            None,
        ],
    }
    events.record(
        actor=actor, verb="role.deleted", target=role, changes=changes, at=now
    )
    role.delete()


def state_of(role: Role) -> str:
    """Return a tag for the state of a role: its name and permissions."""
    state = repr((role.name, granted_by(role)))
    return sha256(state.encode()).hexdigest()[:32]


def granted_by(role: Role) -> list[str]:
    return permission_names(role.permissions.select_related("content_type"))


def _lock_role(actor: User | None, role: Role, expected: Container[str] | None) -> Role:
    try:
        role = cast(Role, Role.objects.select_for_update().get(pk=role.pk))
    except Role.DoesNotExist:
        raise Missing from None
    require_no_escalation(actor, set(granted_by(role)))
    if expected is not None and state_of(role) not in expected:
        raise Stale
    return role


def _require_free_name(name: str, *, exclude: Role | None = None) -> None:
    others = Role.objects.exclude(pk=exclude.pk) if exclude else Role.objects.all()
    taken = {fold(other) for other in others.values_list("name", flat=True)}
    if fold(name) in taken:
        raise RoleExists


def _grant(actor: User | None, role: Role, permissions: list[Permission]) -> Changes:
    before, after = granted_by(role), permission_names(permissions)
    if before == after:
        return {}
    require_no_escalation(actor, set(after))
    role.permissions.set(permissions)
    return {"permissions": [before, after]}
