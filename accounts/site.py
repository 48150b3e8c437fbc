"""The admin site, with sign-in by password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.people import set_password
from core.site import PersonalAdminSite


class SignInForm(AuthenticationForm):
    """Shows the same error for every failed sign-in, so as not to reveal user names."""

    error_messages = dict.fromkeys(
        ("invalid_login", "inactive"), _("The user name and password do not match.")
    )


class OwnPasswordForm(PasswordChangeForm):
    """Changes the user's own password through the service, which records it."""

    def save(self, commit: bool = True) -> User:
        person = self.user
        set_password(
            actor=person,
            person=person,
            password=self.cleaned_data["new_password1"],
            now=timezone.now(),
        )
        return person


class SignInAdminSite(PersonalAdminSite):
    """Lets users sign in and change their password."""

    login_form = SignInForm

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Let users change their own password."""
        request.current_app = self.name
        return PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:password_change_done"),
            template_name="admin/password_change_form.html",
            extra_context=self.each_context(request) | (extra_context or {}),
        )(request)
