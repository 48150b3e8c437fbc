"""Roles: named sets of permissions that people have."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User, permissions_beyond
from core.scoping import ScopedQuerySet

# The shipped roles have a name in each language; others are shown as they are.
ROLE_TITLES = {
    "administrator": _("administrator"),
    "manager": _("manager"),
    "member": _("member"),
    "auditor": _("auditor"),
}


def role_title(name: str) -> str:
    """Return the name of a role as pages show it."""
    return str(ROLE_TITLES.get(name, name))


class RoleQuerySet(ScopedQuerySet["Role"]):
    """Roles: all of them for users with the permission, none for others."""

    def visible_to(self, user: User) -> Self:
        return self if user.has_perm("accounts.view_role") else self.none()

    def editable_by(self, user: User) -> Self:
        if user.has_perm("accounts.change_role"):
            return self.grantable_by(user)
        return self.none()

    def grantable_by(self, user: User) -> Self:
        """Keep the roles that grant nothing that the user may not do.

        Nobody assigns, changes or deletes another one: see `require_no_escalation`.
        """
        return self.exclude(permissions__in=permissions_beyond(user))


class Role(Group):
    """A named set of global permissions."""

    scoped = RoleQuerySet.as_manager()

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return role_title(self.name)


class ShippedGrant(models.Model):
    """A permission that was granted to a shipped role, so that it is granted once.

    A permission that an administrator removes afterwards is not granted again.
    """

    role = models.CharField(max_length=150, db_comment="Name of the role")
    permission = models.CharField(
        max_length=200, db_comment="app.codename; empty for the role itself"
    )

    class Meta:
        default_permissions = ()
        db_table_comment = "Permissions granted to shipped roles so far"
        constraints = [
            models.UniqueConstraint(
                fields=["role", "permission"], name="shippedgrant_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"
