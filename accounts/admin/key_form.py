"""The form for a new API key: its scopes and its expiry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApiKey, Signature
from accounts.public_keys import MOST
from accounts.services.keys import read_public_key
from core.admin.forms import ServiceForm, Textarea
from core.errors import Invalid
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


class ApiKeyForm(ServiceForm):
    """A new key with its scopes and expiry."""

    key: ApiKey  # that the service has issued
    shown: str  # its token or secret

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
    signature = forms.TypedChoiceField(
        choices=[
            ("", gettext_lazy("none: requests contain the key")),
            *Signature.choices,
        ],
        required=False,
        empty_value=None,
        label=gettext_lazy("signature"),
        help_text=gettext_lazy(
            "Every request with a signed-only key must be signed (RFC 9421)."
        ),
    )
    public_key = forms.CharField(
        required=False,
        max_length=MOST,
        label=gettext_lazy("public key"),
        help_text=gettext_lazy("With Ed25519: the client's public key, as PEM."),
        widget=Textarea(attrs={"rows": 4, "dir": "ltr", "spellcheck": "false"}),
    )

    def clean_public_key(self) -> str | None:
        """Return the key as it is stored, which is what the model's field takes."""
        text = self.cleaned_data["public_key"]
        try:
            return read_public_key(text) if text else None
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal)) from None

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at", "signature", "public_key")
