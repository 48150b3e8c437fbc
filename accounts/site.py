"""The admin site, with sign-in by password."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services.people import set_password
from core.forms import kept, once
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

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Let forms that are sent after the session ended survive the sign-in."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def guard(request: HttpRequest, *args: Any, **options: Any) -> Any:
            has_ended = request.method == "POST" and not self.has_permission(request)
            if has_ended and once.FIELD in request.POST:
                return self.ask_to_sign_in(request)
            return guarded(request, *args, **options)

        return guard

    def ask_to_sign_in(self, request: HttpRequest) -> Any:
        """Show the sign-in page, which carries the form that was sent."""
        sealed, page = kept.seal(request), kept.return_url(request, request.path)
        request.method = "GET"
        app_path = reverse("admin:login", current_app=self.name)
        context = {"kept": sealed, "next": page, "app_path": app_path}
        return self.login(request, context)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Sign in; show what was typed before to the user who typed it."""
        sealed = request.POST.get("kept", "") if request.method == "POST" else ""
        response = super().login(request, {"kept": sealed} | (extra_context or {}))
        if sealed and request.user.is_authenticated and response.status_code == 302:
            self._restore(request, sealed)
        return response

    def _restore(self, request: HttpRequest, sealed: str) -> None:
        form = kept.unseal(sealed)
        if form is None:
            return
        path, data = form
        if once.is_from(request.user, data):
            kept.keep(request, data, path)
            text = gettext("You signed in again. Check your input and save again.")
        else:
            text = gettext("What was typed before belongs to another account.")
        messages.warning(request, text)

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
