"""Forms for users: their account, profile and password."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.forms import SetPasswordMixin
from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from accounts.services.passwords import hash_password
from core.admin.forms import RowChoices, ServiceForm
from core.html import format_html
from core.timezones import (
    LANGUAGES_KEPT,
    Choice,
    Region,
    zone_choices,
    zone_names,
)


class ZoneSelect(forms.Select):
    """Offers the canonical zones, and another one if it is the current value.

    With hundreds of options, Django's template would take longer than all other fields.
    """

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: object = None,
    ) -> SafeString:
        others = flatatt(self.build_attrs(self.attrs, attrs))
        options = self._options(str(value or ""))
        return format_html('<select name="{}"{}>{}</select>', name, others, options)

    def _options(self, zone: str) -> SafeString:
        options = _zone_options(zone_choices())
        if not self.is_required:
            options = _option("", "–") + options
        start = format_html('<option value="{}"', zone)
        if f"{start}>" in options:
            options = options.replace(f"{start}>", f"{start} selected>")
        elif zone in zone_names():
            options = f"{start} selected>{zone}</option>{options}"
        return SafeString(options)


def _option(value: str, label: str) -> str:
    return format_html('<option value="{}">{}</option>', value, label)


@lru_cache(maxsize=LANGUAGES_KEPT)
def _zone_options(choices: tuple[Choice | Region, ...]) -> str:
    html = ""
    for name, part in choices:
        if isinstance(part, str):
            html += _option(name, part)
        else:
            zones = "".join(_option(*zone) for zone in part)
            html += format_html('<optgroup label="{}">', name) + zones + "</optgroup>"
    return html


class ZoneField(forms.ChoiceField):
    """An IANA time zone; any valid one is accepted."""

    widget = ZoneSelect

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", gettext_lazy("time zone"))
        super().__init__(**options)

    def valid_value(self, value: str) -> bool:
        return value in zone_names()


class PersonForm(ServiceForm):
    """A user and their roles."""

    time_zone = ZoneField(initial="UTC")
    roles = RowChoices(
        queryset=Role.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("roles"),
        help_text=gettext_lazy("You can only assign roles whose permissions you have."),
    )

    keep_keys = forms.BooleanField(
        required=False,
        label=gettext_lazy("keep API keys"),
        help_text=gettext_lazy(
            "The API keys that the person had before work again. "
            "Otherwise, enabling the person revokes them."
        ),
    )

    class Meta:
        model = User
        fields = ("username", "email", "display_name", "language", "is_active")
        widgets = {
            # Browsers save a password under the user name in the same form.
            "username": AdminTextInputWidget(attrs={"autocomplete": "username"})
        }

    def configure(self) -> None:
        # Validation changes the instance, by which the page chooses its fields.
        self.instance.was_active = self.is_new or self.row.is_active
        if self.instance.was_active:
            self.fields.pop("keep_keys", None)
        self.offer("roles", Role.scoped.grantable_by(self.user).order_by("name"))
        if self.is_new:
            default = Role.objects.filter(name="member")
            self.initial.setdefault("roles", list(default.values_list("pk", flat=True)))
        else:
            roles = self.instance.groups.values_list("pk", flat=True)
            self.initial["roles"] = list(roles)


class NewPersonForm(SetPasswordMixin, PersonForm):  # type: ignore[type-arg]
    """A new user, with a first password."""

    password1, password2 = SetPasswordMixin.create_password_fields()

    def configure(self) -> None:
        super().configure()
        for name in ("time_zone", "language"):
            self.fields[name].help_text = gettext_lazy(
                "Leave unchanged to use their browser's setting when they first "
                "sign in."
            )

    def clean(self) -> dict[str, Any] | None:
        self.validate_passwords("password1", "password2")
        return super().clean()

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.validate_password_for_user(self.instance, "password1")
        if not self.errors:
            password = self.cleaned_data["password1"]
            self.cleaned_data["password_hash"] = hash_password(password)


class ProfileForm(ServiceForm):
    """What users may change about themselves."""

    time_zone = ZoneField()

    class Meta:
        model = User
        fields = ("display_name", "time_zone", "language")


class NewPasswordForm(SetPasswordMixin, forms.Form):  # type: ignore[type-arg]
    """A new password for another user."""

    password1, password2 = SetPasswordMixin.create_password_fields()

    def __init__(self, person: User, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.person = person

    def clean(self) -> dict[str, Any] | None:
        self.validate_passwords("password1", "password2")
        self.validate_password_for_user(self.person, "password1")
        return super().clean()
