"""Pages of roles: who may do which operation on which resource."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User, permissions_beyond
from accounts.services.roles import add_role, change_role, remove_role, state_of
from core.admin.base import ScopedModelAdmin
from core.admin.changeform import ChangeForm
from core.admin.forms import RowChoices, ServiceForm
from core.admin.permissions import request_user
from core.admin.removal import Removal
from core.registry import registry
from core.text import space_scripts, validate_storable, validate_visible

OPERATIONS = {
    "add": _("Add %(name)s"),
    "change": _("Change %(name)s"),
    "delete": _("Delete %(name)s"),
    "view": _("View %(name)s"),
}


class GroupedPermissions(RowChoices):
    """Permissions, grouped by resource."""

    def label_from_instance(self, obj: Permission) -> str:
        """Return the name in the active language; the table has it in English."""
        model = obj.content_type.model_class()
        operation = OPERATIONS.get(obj.codename.partition("_")[0])
        if model is not None and operation is not None:
            name = model._meta.verbose_name
            return space_scripts(str(operation) % {"name": name})
        return capfirst(gettext(obj.name).removeprefix("Can "))


class RoleForm(ServiceForm):
    """A role and what it grants."""

    permissions = GroupedPermissions(
        queryset=Permission.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("permissions"),
        help_text=_("You can only grant permissions that you have."),
    )

    class Meta:
        model = Role
        fields = ("name", "permissions")

    def configure(self) -> None:
        if "name" in self.fields:  # a field of Django's model
            self.fields["name"].validators += [validate_storable, validate_visible]
        self.offer("permissions", grantable_by(self.user))
        if "permissions" in self.fields:
            # Permissions that the page does not offer are neither shown nor removed.
            held = self.initial.get("permissions", ())
            self.initial["permissions"] = [one for one in held if is_grantable(one)]

    def state_of(self, row: Role) -> str:
        return state_of(row)


def is_grantable(permission: Permission) -> bool:
    types = ContentType.objects  # cached, unlike the relation
    app = types.get_for_id(permission.content_type_id).app_label
    return app in registry.apps


def grantable_by(user: User) -> QuerySet[Permission]:
    """Return the permissions of declared apps that the user may let roles grant."""
    return (
        Permission.objects.filter(content_type__app_label__in=registry.apps)
        .exclude(pk__in=permissions_beyond(user))
        .select_related("content_type")
        .order_by("content_type__app_label", "content_type__model", "codename")
    )


class RoleChangeForm(ChangeForm[Role, RoleForm]):
    """Adds and edits a role."""

    def add(self, actor: User, form: RoleForm, now: datetime) -> Role:
        data = form.cleaned_data
        return add_role(
            actor=actor, name=data["name"], permissions=data["permissions"], now=now
        )

    def change(self, actor: User, form: RoleForm, now: datetime) -> None:
        values = form.values
        if "permissions" in values:
            others = form.row.permissions.exclude(pk__in=grantable_by(actor))
            values["permissions"] = [*values["permissions"], *others]
        change_role(
            actor=actor, role=form.row, expected=form.expected, now=now, **values
        )


class RoleRemoval(Removal[Role]):
    """Deletes a role."""

    def remove(self, actor: User, row: Role, now: datetime) -> None:
        remove_role(actor=actor, role=row, now=now)


@admin.register(Role)
class RoleAdmin(ScopedModelAdmin[Role]):
    """Roles and what they grant."""

    changeform_class = RoleChangeForm
    removal_class = RoleRemoval
    form = RoleForm
    rows = Role.scoped.all()
    resource_type = "role"
    icon = "shield"
    nav_order = 80
    nav_section = _("Team")
    ordering = ("name",)
    list_display = ("title", "permission_count")
    fieldsets = ((None, {"fields": ("name", "permissions")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("permissions")

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        if field == "permissions":
            return grantable_by(request_user(request))
        return super().choices_for(request, field)

    @admin.display(description=_("name"), ordering="name")
    def title(self, role: Role) -> str:
        return str(role)

    @admin.display(description=_("permissions"))
    def permission_count(self, role: Role) -> int:
        return len(role.permissions.all())
