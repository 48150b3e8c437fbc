"""Pages that were made a moment ago are shown again, if nothing on them has changed.

What a page shows is determined by its address, the person who has signed in, and what
`facts_of` returns. These are read before the page is made, and again before it is shown
again, so no change can be missed. Tokens that a form needs are new on each page.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.utils import timezone, translation

from core.forms import kept, once
from core.users import User

MINUTE = 60  # seconds; a page shows what is overdue, and due times are whole minutes
LARGEST = 512 * 1024  # characters
# Text that people typed cannot contain it, since quotes are escaped.
TOKENS = re.compile(r'(name="(csrfmiddlewaretoken|once)" value=")[^"]*')

View = TypeVar("View", bound=Callable[..., HttpResponse])


def repeatable(view: View) -> View:
    """Decorate a method that shows a page, of an object that has `facts_of`.

    `facts_of` takes the request and returns what determines the content of the page; a
    page without facts is always made.
    """

    @wraps(view)
    def shown(page: Any, request: HttpRequest, *args: Any, **options: Any) -> Any:
        facts = page.facts_of(request) if is_candidate(request) else None
        if facts is None:
            return view(page, request, *args, **options)
        name = _name(request, facts)
        if isinstance(found := cache.get(name), str):
            return HttpResponse(_with_new_tokens(request, _unpacked(found)))
        response = view(page, request, *args, **options)
        if isinstance(response, TemplateResponse):
            _keep(name, request, response.render())
        return response

    return cast(View, shown)


def is_candidate(request: HttpRequest) -> bool:
    """Return whether the page has nothing to show that is shown only once."""
    return (
        bool(settings.REDIS_URL)
        and request.method == "GET"
        and "no-cache" not in request.headers.get("Cache-Control", "")
        and kept.SESSION_KEY not in request.session
        and not len(get_messages(request))
    )


def do_not_repeat(request: HttpRequest) -> None:
    """Declare that this page shows more than the facts determine."""
    request.__dict__["_shows_more"] = True


def _name(request: HttpRequest, facts: Any) -> str:
    now, user = timezone.now(), cast(User, request.user)
    determining = (
        settings.RELEASE,
        request.build_absolute_uri(),
        user.pk,
        # The user was read before the facts, which may be of a later state.
        user.version,
        user.is_superuser or sorted(user.get_all_permissions()),
        translation.get_language(),
        timezone.get_current_timezone_name(),
        now.timestamp() // MINUTE,
        facts,
    )
    return f"page.{hashlib.sha256(repr(determining).encode()).hexdigest()}"


def _keep(name: str, request: HttpRequest, response: HttpResponse) -> None:
    messages: Any = get_messages(request)
    text = response.text
    if (
        response.status_code == 200
        and response.cookies.keys() <= {settings.CSRF_COOKIE_NAME}
        and not (messages.used or messages.added_new)
        and not hasattr(request, "_shows_more")
        and len(text) <= LARGEST
    ):
        cache.set(name, _packed(text), timeout=MINUTE)


def _packed(text: str) -> str:
    return b64encode(zlib.compress(TOKENS.sub(r"\1", text).encode(), 1)).decode()


def _unpacked(packed: str) -> str:
    return zlib.decompress(b64decode(packed)).decode()


def _with_new_tokens(request: HttpRequest, text: str) -> str:
    user = cast(User, request.user)

    def with_token(found: re.Match[str]) -> str:
        is_once = found[2] == once.FIELD
        token = once.new_token(user) if is_once else get_token(request)
        return found[1] + token

    return TOKENS.sub(with_token, text)
