"""The admin site, with sign-in by password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.devices import remember_device
from accounts.models import User
from accounts.services.attempts import TooManyAttempts
from accounts.services.passwords import hash_password
from accounts.services.people import set_password
from core.forms import kept, once
from core.site import PersonalAdminSite


def explain_sign_in(request: HttpRequest) -> None:
    """Say that the session has ended, to a browser that still had one."""
    if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        text = _("Your session has ended. Sign in again to continue.")
        messages.warning(request, str(text))


class LimitedForm:
    """A form that evaluates a password; `refusal` is set where a limit is reached."""

    refusal: TooManyAttempts | None = None

    @contextmanager
    def limited(self) -> Iterator[None]:
        """Show a limit that is reached as an error of the form."""
        try:
            yield
        except TooManyAttempts as refusal:
            self.refusal = refusal
            raise ValidationError(str(refusal.message), code=refusal.code) from None


class SignInForm(LimitedForm, AuthenticationForm):
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

    def clean(self) -> dict[str, Any]:
        with self.limited():
            return super().clean()


class OwnPasswordForm(LimitedForm, PasswordChangeForm):
    """Changes the user's own password through the service, which records it."""

    def __init__(self, *args: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.request = request

    def clean_old_password(self) -> str:
        """Evaluate the old password as at sign-in, with the same limits."""
        given: str = self.cleaned_data["old_password"]
        name = self.user.get_username()
        with self.limited():
            found = authenticate(self.request, username=name, password=given)
        if found != self.user:
            text = self.error_messages["password_incorrect"]
            raise ValidationError(text, code="password_incorrect")
        return given

    def save(self, commit: bool = True) -> User:
        person = self.user
        set_password(
            actor=person,
            person=person,
            password_hash=hash_password(self.cleaned_data["new_password1"]),
            now=timezone.now(),
        )
        return person


class OwnPasswordView(PasswordChangeView):
    """The page on which users change their own password."""

    form_class = OwnPasswordForm
    template_name = "admin/password_change_form.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}


class SignInAdminSite(PersonalAdminSite):
    """Lets users sign in and change their password."""

    login_form = SignInForm

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Send visitors to the sign-in page, and say why.

        Forms that are sent after the session ended survive the sign-in.
        """
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def guard(request: HttpRequest, *args: Any, **options: Any) -> Any:
            has_ended = request.method == "POST" and not self.has_permission(request)
            if has_ended and once.FIELD in request.POST:
                return self.ask_to_sign_in(request)
            if not self.has_permission(request):
                explain_sign_in(request)
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
        """Sign a user in, and remember the browser as one of theirs.

        What was typed before is shown again to the user who typed it.
        """
        sealed = request.POST.get("kept", "") if request.method == "POST" else ""
        context = {"kept": sealed} | (extra_context or {})
        response: Any = super().login(request, context)
        if request.method == "POST" and response.status_code == 302:
            remember_device(request, response, request.user.get_username())
            self._restore(request, sealed)
        return with_limit_status(response)

    def _restore(self, request: HttpRequest, sealed: str) -> None:
        form = kept.unseal(sealed)
        if form is None:
            return
        path, data = form
        if once.is_from(request.user, data):
            kept.keep(request, data, path)
            text = gettext("You signed in again. Check your input and save again.")
        else:
            text = gettext(
                "The unsaved input belongs to another account, so it is not shown."
            )
        messages.warning(request, text)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Let users change their own password."""
        request.current_app = self.name
        view = OwnPasswordView.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context=self.each_context(request) | (extra_context or {}),
        )
        return with_limit_status(view(request))


def with_limit_status(response: Any) -> Any:
    """Return the page with status 429 if its form has reached a limit."""
    form = (getattr(response, "context_data", None) or {}).get("form")
    if form is not None and form.refusal is not None:
        response.status_code = 429
        response.headers["Retry-After"] = str(form.refusal.retry_after)
    return response
