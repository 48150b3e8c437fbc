"""The shipped roles, as data; synced after every migrate."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission

from accounts.models import Role, ShippedGrant
from core.registry import registry
from core.rights import permission_name

# The roles whose declared grants a shipped role includes.
INCLUDED = {
    "administrator": ("administrator", "manager", "member", "auditor"),
    "manager": ("manager", "member"),
    "member": ("member",),
    "auditor": ("auditor",),
}


def shipped_roles() -> dict[str, set[str]]:
    """Return the permissions (app.codename) of each shipped role."""
    return {
        role: set().union(*(registry.grants(part) for part in parts))
        for role, parts in INCLUDED.items()
    }


def sync_roles(**_: object) -> None:
    """Grant the shipped roles the permissions that they never had before.

    Each grant is recorded, so a permission that an administrator removed is not
    granted again, and a deleted role is not created again.
    """
    given = set(ShippedGrant.objects.values_list("role", "permission"))
    for name, labels in shipped_roles().items():
        if (name, "") not in given:
            Role.objects.get_or_create(name=name)
            ShippedGrant.objects.create(role=name, permission="")
        missing = {label for label in labels if (name, label) not in given}
        if missing and (role := Role.objects.filter(name=name).first()):
            _grant(role, missing)


def _grant(role: Group, labels: Iterable[str]) -> None:
    # Apps are migrated one by one: permissions of later apps are granted later.
    existing = [p for p in _permissions(labels) if permission_name(p) in labels]
    role.permissions.add(*existing)
    ShippedGrant.objects.bulk_create(
        ShippedGrant(role=role.name, permission=permission_name(p)) for p in existing
    )


def _permissions(labels: Iterable[str]) -> Iterable[Permission]:
    codenames = {label.partition(".")[2] for label in labels}
    return Permission.objects.filter(codename__in=codenames).select_related(
        "content_type"
    )
