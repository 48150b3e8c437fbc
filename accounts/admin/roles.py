"""Pages of roles: which operations on which resources."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from accounts.services.roles import add_role, change_role, remove_role, state_of
from core.admin.base import ScopedModelAdmin
from core.admin.forms import ServiceForm
from core.registry import registry
from core.scoping import ScopedQuerySet

OPERATIONS = {
    "add": _("Add %(name)s"),
    "change": _("Change %(name)s"),
    "delete": _("Delete %(name)s"),
    "view": _("View %(name)s"),
}


class RoleQuerySet(ScopedQuerySet[Role]):
    """Roles are the same for everyone whose permission lets them look."""

    def visible_to(self, user: User) -> RoleQuerySet:
        return self if user.has_perm("accounts.view_role") else self.none()

    def editable_by(self, user: User) -> RoleQuerySet:
        return self if user.has_perm("accounts.change_role") else self.none()


class GroupedPermissions(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Permissions under the resource that they are about."""

    def label_from_instance(self, obj: Any) -> str:
        """Say it in the language of the page; the table keeps names in English."""
        model = obj.content_type.model_class()
        operation = OPERATIONS.get(obj.codename.partition("_")[0])
        if model is not None and operation is not None:
            return str(operation) % {"name": model._meta.verbose_name}
        return capfirst(gettext(obj.name).removeprefix("Can "))


class RoleForm(ServiceForm):
    """A role and what it grants."""

    permissions = GroupedPermissions(
        queryset=Permission.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("permissions"),
        help_text=_("You can grant what you hold yourself."),
    )

    class Meta:
        model = Role
        fields = ("name", "permissions")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "permissions" in self.fields:
            self.fields["permissions"].queryset = grantable()  # type: ignore[attr-defined]

    def state_of(self, row: Any) -> str:
        return state_of(row)


def grantable() -> QuerySet[Permission]:
    """Return the permissions of what people work with here."""
    return (
        Permission.objects.filter(content_type__app_label__in=registry.apps)
        .select_related("content_type")
        .order_by("content_type__app_label", "content_type__model", "codename")
    )


@admin.register(Role)
class RoleAdmin(ScopedModelAdmin):
    """Roles and what they grant."""

    form = RoleForm
    rows = RoleQuerySet(Role)
    resource_type = "role"
    icon = "shield"
    nav_order = 80
    nav_section = _("Together")
    ordering = ("name",)
    list_display = ("name", "permission_count")
    fieldsets = ((None, {"fields": ("name", "permissions")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("permissions")

    @admin.display(description=_("permissions"))
    def permission_count(self, role: Role) -> int:
        return len(role.permissions.all())

    def choices_for(self, request: HttpRequest, field: str) -> QuerySet[Any]:
        return (
            grantable()
            if field == "permissions"
            else super().choices_for(request, field)
        )

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        fields = form.cleaned_data
        return add_role(
            actor=actor, name=fields["name"], permissions=fields["permissions"], now=now
        )

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        change_role(
            actor=actor, role=form.row, expected=form.expected, now=now, **form.values
        )

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        remove_role(actor=actor, role=row, now=now)
