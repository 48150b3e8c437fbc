"""Middleware for the signed-in user, and their language and time zone on pages."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from accounts.sessions import find_user
from core.registry import registry

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class SignedInMiddleware(AuthenticationMiddleware):
    """Set `request.user` as Django does, from the cached session if it is valid."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: find_user(request))  # type: ignore[assignment]


class PersonMiddleware:
    """Activate the person's zone and language on pages; the API negotiates its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_page = registry.door_of(request.path_info).errors == "page"
        if not is_page or not request.user.is_authenticated:
            return self.get_response(request)
        user = request.user
        with (
            translation.override(user.language),
            timezone.override(ZoneInfo(user.time_zone)),
        ):
            response = self.get_response(request)
            # Render a lazy template while the person's language is active.
            if hasattr(response, "render") and callable(response.render):
                response = response.render()
            response.headers["Content-Language"] = user.language
            remember_language(request, response, user.language)
            return response


def remember_language(
    request: HttpRequest, response: HttpResponseBase, language: str
) -> None:
    """Keep the language in this browser, for its pages without a session."""
    if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            path=settings.LANGUAGE_COOKIE_PATH,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
