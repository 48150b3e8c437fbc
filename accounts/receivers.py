"""What happens when somebody signs in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone, translation

from accounts.models import User
from accounts.services.people import adopt_settings


def adopt_settings_of_browser(*, request: HttpRequest, user: User, **_: Any) -> None:
    """At the first sign-in, take over the time zone and language of the browser.

    Django's own receiver, which sets `last_login`, runs after this one: accounts is
    installed before auth.
    """
    if user.last_login is None and "time_zone" in request.POST:
        adopt_settings(
            person=user,
            time_zone=request.POST["time_zone"],
            language=translation.get_language() or "",
            now=timezone.now(),
        )
