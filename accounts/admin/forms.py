"""Forms of people: their row, their profile, their password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.forms import SetPasswordMixin
from django.utils.translation import gettext_lazy

from accounts.models import Role, User
from core.admin.forms import ServiceForm
from core.timezones import zone_names


def zone_field(**options: Any) -> forms.ChoiceField:
    """Return a choice of IANA zones, which are no rows."""
    zones = [(name, name.replace("_", " ")) for name in sorted(zone_names())]
    blank = [] if options.get("required", True) else [("", "–")]
    return forms.ChoiceField(
        choices=[*blank, *zones], label=gettext_lazy("time zone"), **options
    )


class PersonForm(ServiceForm):
    """A person and their roles."""

    time_zone = zone_field(initial="UTC")
    roles = forms.ModelMultipleChoiceField(
        queryset=Role.objects.order_by("name"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("roles"),
        help_text=gettext_lazy("You can give roles that grant what you hold yourself."),
    )

    class Meta:
        model = User
        fields = ("username", "email", "display_name", "language", "is_active")
        widgets = {
            # Browsers keep a password under the name that stands in its form.
            "username": AdminTextInputWidget(attrs={"autocomplete": "username"})
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.instance._state.adding:
            self.initial["roles"] = list(
                self.instance.groups.values_list("pk", flat=True)
            )
        else:
            self.initial.setdefault(
                "roles",
                list(Role.objects.filter(name="member").values_list("pk", flat=True)),
            )


class NewPersonForm(SetPasswordMixin, PersonForm):  # type: ignore[type-arg]
    """A new person, with a first password."""

    password1, password2 = SetPasswordMixin.create_password_fields()

    def clean(self) -> dict[str, Any] | None:
        self.validate_passwords("password1", "password2")
        return super().clean()

    def _post_clean(self) -> None:
        super()._post_clean()
        self.validate_password_for_user(self.instance, "password1")


class ProfileForm(ServiceForm):
    """What people may change of themselves."""

    time_zone = zone_field()

    class Meta:
        model = User
        fields = ("display_name", "time_zone", "language")


class NewPasswordForm(SetPasswordMixin, forms.Form):  # type: ignore[type-arg]
    """A password that somebody gives somebody else."""

    password1, password2 = SetPasswordMixin.create_password_fields()

    def __init__(self, person: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.person = person

    def clean(self) -> dict[str, Any] | None:
        self.validate_passwords("password1", "password2")
        self.validate_password_for_user(self.person, "password1")
        return super().clean()
