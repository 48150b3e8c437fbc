"""The form for a new API key: its scopes and its expiry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApiKey, User
from core.admin.forms import ServiceForm
from core.errors import Conflict
from core.models import IdempotentAnswer
from core.registry import registry
from core.text import listed

MODES = {"read": gettext_lazy("read"), "write": gettext_lazy("write")}


class ScopeTable(forms.CheckboxSelectMultiple):
    """Checkboxes of scopes: a row per resource, columns to read and to write."""

    template_name = "admin/scope_table.html"

    def get_context(
        self, name: str, value: Any, attrs: dict[str, Any] | None
    ) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        boxes = {
            option["value"]: option
            for _name, options, _index in context["widget"]["optgroups"]
            for option in options
        }
        context["rows"] = [
            (resource, *(boxes.get(f"{name}:{mode}") for mode in MODES))
            for name, resource in registry.resources.items()
        ]
        return context


def scope_title(scope: str) -> str:
    """Return a scope in the words of pages."""
    return scope_lines([scope])[0]


def title(resource: str) -> str:
    declared = registry.resources.get(resource)
    return declared.title if declared else resource


def scope_lines(scopes: Iterable[str]) -> list[str]:
    """Return a line for each resource, with what a key may do with it."""
    modes: dict[str, list[str]] = {}
    for scope in scopes:
        name, _colon, mode = scope.partition(":")
        modes.setdefault(name, []).append(str(MODES.get(mode, mode)))
    return [
        _("%(resource)s: %(mode)s") % {"resource": title(name), "mode": listed(allowed)}
        for name, allowed in modes.items()
    ]


class KeyCreatedAlready(Conflict):
    message = gettext_lazy(
        "This form has already created its key and shown it. If you lost the key, "
        "revoke it and create another."
    )


class ApiKeyForm(ServiceForm):
    """A new key with its scopes and expiry; each form creates only one key."""

    once = forms.CharField(required=False, widget=forms.HiddenInput)
    token: str  # of the key that the service has issued

    scopes = forms.MultipleChoiceField(
        choices=lambda: [(scope, scope_title(scope)) for scope in registry.scopes],
        initial=lambda: list(registry.default_scopes),
        widget=ScopeTable,
        label=gettext_lazy("scopes"),
        help_text=gettext_lazy("A key can never do more than you can."),
    )
    expires_at = forms.DateTimeField(
        required=False,
        label=gettext_lazy("expires at"),
        help_text=gettext_lazy(
            "In your time zone. Leave empty for a key that never expires."
        ),
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")

    def configure(self) -> None:
        # The one-time token expires before the record of its use is pruned.
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
            self.add_error(None, _("This form has expired. Check it and save again."))
        return super().clean()

    def _fresh(self) -> str:
        return self.signer.sign(get_random_string(22))


def consume_token(actor: User, token: str, now: datetime) -> None:
    """Record the one-time token of a form; raise KeyCreatedAlready the second time.

    The space in the key separates it from the Idempotency-Keys of clients.
    """
    try:
        with transaction.atomic():
            IdempotentAnswer.objects.create(
                user=actor, key=f"form {token}", fingerprint="", created_at=now
            )
    except IntegrityError:
        raise KeyCreatedAlready from None
