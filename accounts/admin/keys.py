"""Pages of API keys: one's own; everyone's for who may revoke them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.signing import BadSignature, TimestampSigner
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import ApiKey, User
from accounts.services.keys import issue_key, revoke_key
from core.admin.base import ScopedModelAdmin
from core.admin.forms import ServiceForm, SiteTemplate
from core.admin.permissions import person_of
from core.errors import Conflict
from core.models import IdempotentAnswer
from core.registry import registry


class ScopeTable(SiteTemplate, forms.CheckboxSelectMultiple):
    """Resources down, reading and writing across."""

    template_name = "admin/scope_table.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        boxes = {
            option["value"]: option
            for _name, options, _index in context["widget"]["optgroups"]
            for option in options
        }
        context["rows"] = [
            (resource, boxes.get(f"{resource}:read"), boxes.get(f"{resource}:write"))
            for resource in registry.resources
        ]
        return context


class KeyMadeAlready(Conflict):
    message = gettext_lazy(
        "This form made its key already, and showed it. If you do not have it, "
        "revoke it and make another."
    )


class ApiKeyForm(ServiceForm):
    """What a new key may do, and for how long; one form makes one key."""

    once = forms.CharField(required=False, widget=forms.HiddenInput)

    scopes = forms.MultipleChoiceField(
        choices=lambda: [(scope, scope) for scope in registry.scopes],
        initial=lambda: list(registry.usual_scopes),
        widget=ScopeTable,
        label=gettext_lazy("scopes"),
        help_text=gettext_lazy("A key does no more than you may do yourself."),
    )
    expires_at = forms.DateTimeField(
        required=False,
        label=gettext_lazy("expires at"),
        help_text=gettext_lazy("In your time zone. Empty: never."),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Signed with the moment: it is refused before its use is forgotten.
        self.signer = TimestampSigner(salt=f"accounts.admin.keys.{self.user.pk}")
        self.initial["once"] = self._fresh()

    def clean(self) -> dict[str, Any] | None:
        try:
            self.signer.unsign(
                self.data.get("once", ""),
                max_age=timedelta(days=settings.IDEMPOTENCY_DAYS),
            )
        except BadSignature:
            self.data = data = cast(QueryDict, self.data).copy()
            data["once"] = self._fresh()
            self.add_error(None, _("This form is too old. Look at it and save again."))
        return super().clean()

    def _fresh(self) -> str:
        return self.signer.sign(get_random_string(22))


class KeyStateFilter(admin.SimpleListFilter):
    """Keys that open the door, and those that no longer do."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [
            ("usable", _("usable")),
            ("revoked", _("revoked")),
            ("expired", _("expired")),
        ]

    def queryset(self, request: Any, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "usable":
                return queryset.usable(now)
            case "revoked":
                return queryset.filter(revoked_at__isnull=False)
            case "expired":
                return queryset.filter(expires_at__lte=now, revoked_at=None)
        return queryset


def use_up(actor: User, once: str, now: datetime) -> None:
    """Note that a form did its work; of two that race, the database lets one through.

    The space keeps it apart from what clients call their requests.
    """
    try:
        with transaction.atomic():
            IdempotentAnswer.objects.create(
                user=actor, key=f"form {once}", fingerprint="", created_at=now
            )
    except IntegrityError:
        raise KeyMadeAlready from None


@admin.register(ApiKey)
class ApiKeyAdmin(ScopedModelAdmin):
    """API keys: made, shown once, revoked; never edited."""

    form = ApiKeyForm
    resource_type = "apikey"
    row_name = "key"
    icon = "key"
    nav_order = 50
    nav_section = gettext_lazy("Yours")
    ordering = ("-created_at", "-pk")
    list_filter = (KeyStateFilter,)
    delete_words = gettext_lazy("Revoke")
    delete_done = gettext_lazy("“%s” is revoked.")
    delete_consequence = gettext_lazy(
        "It is refused from the next request on, for good."
    )
    actions = ("revoke",)
    fieldsets = ((None, {"fields": ("name", "expires_at", "scopes")}),)
    seen = (
        (
            None,
            {
                "fields": (
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
            },
        ),
    )

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = ("name", "key", "state", "expires_at", "last_used_at")
        if person_of(request).has_perm("accounts.revoke_apikey"):
            return (columns[0], "user", *columns[1:])
        return columns

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj is None else self.seen

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.revoked_at is None)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def change_form_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        one_way = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().change_form_context(request, row) | one_way

    @admin.display(description=gettext_lazy("key"))
    def key(self, key: ApiKey) -> str:
        return format_html("<code>tdo_{}_…</code>", key.public_id)

    @admin.display(description=gettext_lazy("scopes"))
    def scope_list(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> str:
        if key.revoked_at is not None:
            word, kind = _("revoked"), "off"
        elif key.is_usable(timezone.now()):
            word, kind = _("usable"), "on"
        else:
            word, kind = _("expired"), "off"
        return format_html('<span class="pill pill-{}">{}</span>', kind, word)

    @admin.action(permissions=["delete"], description=gettext_lazy("Revoke"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.apply_to_each(request, queryset, revoke_key, revoked)

    def changeform_view(
        self,
        request: Any,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Lead away from a form that was sent before: what comes next is a GET."""
        page = super().changeform_view(request, object_id, form_url, extra_context)
        refusal = getattr(request, "refusal", None)
        if not isinstance(refusal, KeyMadeAlready):
            return page
        self.message_user(request, str(refusal.message), messages.ERROR)
        return HttpResponseRedirect(self.address("changelist"))

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        fields = form.cleaned_data
        use_up(actor, fields["once"], now)
        key, form.instance.token = issue_key(
            actor=actor,
            user=actor,
            name=fields["name"],
            scopes=fields["scopes"],
            expires_at=fields["expires_at"],
            now=now,
        )
        return key

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        revoke_key(actor=actor, key=row, now=now)

    def response_add(
        self, request: Any, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        """Show the token on this page: it is kept nowhere to be shown again."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Your new key"),
            "opts": self.opts,
            "original": obj,
            "token": obj.token,
        }
        response = TemplateResponse(request, "admin/key_made.html", context)
        response["Cache-Control"] = "no-store"
        return response


def revoked(count: int) -> str:
    return ngettext("%d key revoked.", "%d keys revoked.", count) % count
