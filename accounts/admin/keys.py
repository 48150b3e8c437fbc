"""Pages of API keys: the user's own, or all for users who may revoke them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.key_form import ApiKeyForm, scope_lines
from accounts.models import ApiKey, User
from accounts.models.keys import ApiKeyQuerySet
from accounts.services.keys import issue_key, revoke_key
from core.admin.actions import BulkActions
from core.admin.base import ScopedModelAdmin
from core.admin.changeform import ChangeForm
from core.admin.changelist import Changelist
from core.admin.permissions import request_user
from core.admin.removal import Removal
from core.admin.table import Column
from core.admin.urls import page_url, with_filters
from core.html import format_html


class KeyStateFilter(admin.SimpleListFilter):
    """Usable, revoked or expired keys."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [
            ("usable", _("usable")),
            ("revoked", _("revoked")),
            ("expired", _("expired")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        keys, now = cast(ApiKeyQuerySet, queryset), timezone.now()
        match self.value():
            case "usable":
                return keys.usable(now)
            case "revoked":
                return keys.filter(revoked_at__isnull=False)
            case "expired":
                return keys.filter(expires_at__lte=now, revoked_at=None)
        return keys


class KeyChangelist(Changelist):
    """The user's own keys; those of everyone for users who may revoke them."""

    def columns(self, request: HttpRequest) -> Sequence[Column]:
        columns = ("name", "key", "state", "expires_at", "last_used_at")
        if request_user(request).has_perm("accounts.revoke_apikey"):
            return (columns[0], "user", *columns[1:])
        return columns


class KeyChangeForm(ChangeForm[ApiKey, ApiKeyForm]):
    """Creates a key, and shows the details of one; keys are never edited."""

    details = (
        "name",
        "key",
        "user",
        "state",
        "scope_list",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )

    def fieldsets(self, request: HttpRequest, row: ApiKey | None) -> Any:
        if row is None:
            return super().fieldsets(request, row)
        shown = [name for name in ("signature", "public_key") if getattr(row, name)]
        return ((None, {"fields": (*self.details, *shown)}),)

    def initial(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def context(self, request: HttpRequest, row: ApiKey | None) -> dict[str, Any]:
        return {"show_save_and_continue": False, "show_save_and_add_another": False}

    def add(self, actor: User, form: ApiKeyForm, now: datetime) -> ApiKey:
        data = form.cleaned_data
        form.key, form.shown = issue_key(
            actor=actor,
            user=actor,
            name=data["name"],
            scopes=data["scopes"],
            expires_at=data["expires_at"],
            signature=data["signature"],
            public_key=data["public_key"],
            now=now,
        )
        return form.key

    def after_add(
        self, request: HttpRequest, row: ApiKey, form: ApiKeyForm
    ) -> HttpResponse:
        """Show the secret on this page: it is not stored."""
        context = {
            **self.model_admin.admin_site.each_context(request),
            "title": _("Your new key"),
            "opts": self.model_admin.opts,
            "original": form.key,
            "shown": form.shown,
        }
        response = TemplateResponse(request, "admin/new_key.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def after_repeat(
        self, request: HttpRequest, row: ApiKey, form: ApiKeyForm
    ) -> HttpResponse:
        """Do not show the secret again: it was not stored."""
        text = _(
            "This form has already created its key and shown it. If you lost the key, "
            "revoke it and create another."
        )
        messages.error(request, text)
        url = page_url(ApiKey, "changelist")
        return HttpResponseRedirect(with_filters(request, ApiKey, url))


class KeyRemoval(Removal[ApiKey]):
    """Revokes a key; its row stays."""

    button = gettext_lazy("Revoke")
    done = gettext_lazy("“%s” is revoked.")
    consequence = gettext_lazy(
        "Requests with this key are refused from now on. This cannot be undone."
    )

    done_before = gettext_lazy(
        "This key was revoked already, or you no longer have access to it."
    )

    def is_removed(self, row: ApiKey) -> bool:
        return row.revoked_at is not None

    def remove(self, actor: User, row: ApiKey, now: datetime) -> None:
        revoke_key(actor=actor, key=row, now=now)


def can_revoke(key: Any) -> bool:
    """Return whether the user may revoke the key, which `with_editable` has read."""
    return key.is_editable and key.revoked_at is None


class KeyBulkActions(BulkActions):
    """Revokes keys."""

    names = ("revoke",)
    row_name = "key"

    def can_act_on(self, row: Model) -> bool:
        return can_revoke(row)

    @admin.action(permissions=["delete"], description=gettext_lazy("Revoke"))
    def revoke(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, keys: QuerySet[ApiKey]
    ) -> HttpResponse | None:
        return self.apply(request, keys.filter(revoked_at=None), revoke_key, revoked)


@admin.register(ApiKey)
class ApiKeyAdmin(ScopedModelAdmin[ApiKey]):
    """API keys: created, shown once, revoked."""

    changelist_class = KeyChangelist
    changeform_class = KeyChangeForm
    removal_class = KeyRemoval
    bulk_actions_class = KeyBulkActions
    form = ApiKeyForm
    resource_type = "apikey"
    icon = "key"
    nav_order = 50
    nav_section = gettext_lazy("Account")
    ordering = ("-created_at", "-pk")
    list_filter = (KeyStateFilter,)
    fieldsets = (
        (None, {"fields": ("name", "expires_at", "scopes")}),
        (
            gettext_lazy("Signed requests"),
            {"fields": ("signature", "public_key"), "classes": ("collapse",)},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        keys = cast(ApiKeyQuerySet, super().get_queryset(request))
        return keys.with_editable(request_user(request)).select_related("user")

    def has_change_permission(
        self, request: HttpRequest, obj: ApiKey | None = None
    ) -> bool:
        return False

    def can_delete(self, request: HttpRequest, row: ApiKey) -> bool:
        return can_revoke(row)

    @admin.display(description=gettext_lazy("key"))
    def key(self, key: ApiKey) -> str:
        return format_html("<code>{}</code>", key.short_name)

    @admin.display(description=gettext_lazy("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        return "\n".join(scope_lines(key.scopes))

    @admin.display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            word, kind = _("revoked"), "off"
        elif key.is_usable(timezone.now()):
            word, kind = _("usable"), "on"
        else:
            word, kind = _("expired"), "off"
        return format_html('<span class="pill pill-{}">{}</span>', kind, word)


def revoked(count: int) -> str:
    return ngettext("%d key revoked.", "%d keys revoked.", count) % count
