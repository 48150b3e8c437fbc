"""The admin site, with sign-in by password."""

from __future__ import annotations

from functools import update_wrapper
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.people import set_password
from core.site import PersonalAdminSite


def explain_sign_in(request: HttpRequest) -> None:
    """Say that the session has ended, to a browser that still had one."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        text = _("Your session has ended. Sign in again to continue.")
        messages.warning(request, str(text))


class SignInForm(AuthenticationForm):
    """Shows the same error for every failed sign-in, so as not to reveal user names."""

    error_messages = dict.fromkeys(
        ("invalid_login", "inactive"), _("The user name and password do not match.")
    )
    # A script sets it, for people who sign in for the first time.
    time_zone = forms.CharField(
        required=False, widget=forms.HiddenInput(attrs={"data-time-zone": True})
    )

    def full_clean(self) -> None:
        """After a mistake, put the focus where it probably was: on the password."""
        super().full_clean()
        if self.errors and self.data.get("username"):
            del self.fields["username"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True


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

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Return a view that sends visitors to the sign-in page, and says why."""
        guarded = super().admin_view(view, cacheable)

        def view_with_reason(
            request: HttpRequest, *args: Any, **options: Any
        ) -> HttpResponseBase:
            if not self.has_permission(request):
                explain_sign_in(request)
            return guarded(request, *args, **options)  # type: ignore[no-any-return]

        return update_wrapper(view_with_reason, guarded)

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
