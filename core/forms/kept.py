"""What users typed into forms that were refused, kept until it is shown again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest, DisallowedHost, SuspiciousOperation
from django.core.signing import BadSignature, dumps, loads
from django.http import HttpRequest, QueryDict
from django.http.request import UnreadablePostError
from django.utils.http import url_has_allowed_host_and_scheme

from core.forms.once import FIELD
from core.text import is_id

SESSION_KEY = "kept-form"
SALT = "core.forms.kept"
_TECHNICAL = frozenset({"csrfmiddlewaretoken", FIELD, "version", "next", "post"})
_TECHNICAL_SUFFIXES = ("_FORMS", "-id", "-version")
_STATES = frozenset({"", "on", "True", "False"})


def is_same_origin(request: HttpRequest) -> bool:
    """Return whether a page of this site sent the request, as browsers attest it.

    Only then may its content be shown, although it has no valid CSRF token.
    """
    sent_from = request.headers.get("Origin") or request.headers.get("Referer", "")
    try:
        parts = urlsplit(sent_from)
        return (parts.scheme, parts.netloc) == (request.scheme, request.get_host())
    except (ValueError, DisallowedHost):
        return False


def input_of(request: HttpRequest) -> QueryDict:
    """Return what was typed into the form, except passwords; empty if unreadable."""
    try:
        sent = request.POST if request.method == "POST" else QueryDict()
    except (BadRequest, SuspiciousOperation, UnreadablePostError):
        sent = QueryDict()
    kept = QueryDict(mutable=True)
    for name, values in sent.lists():
        if name != "csrfmiddlewaretoken" and "password" not in name:
            kept.setlist(name, values)
    return kept


def texts_in(data: QueryDict) -> list[str]:
    """Return the texts that a user typed or chose, without technical fields."""
    return [
        value
        for name, values in data.lists()
        for value in values
        if not _is_technical(name) and value not in _STATES and not is_id(value)
    ]


def keep(request: HttpRequest, data: QueryDict, path: str) -> None:
    """Keep the form for the next page that asks for it, in the user's session."""
    request.session[SESSION_KEY] = {"path": path, "data": data.urlencode()}


def take(request: HttpRequest, path: str) -> QueryDict | None:
    """Return the form that was kept for a path; afterwards it is not kept any more."""
    kept = request.session.get(SESSION_KEY)
    if not kept or kept["path"] != path:
        return None
    del request.session[SESSION_KEY]
    return QueryDict(kept["data"])


def seal(request: HttpRequest) -> str:
    """Return the form as text that the sign-in page carries."""
    kept = {"path": request.path, "data": input_of(request).urlencode()}
    return dumps(kept, salt=SALT, compress=True)


def unseal(text: str) -> tuple[str, QueryDict] | None:
    """Return path and content of a sealed form; None if it is not one."""
    try:
        kept = loads(text, salt=SALT)
    except BadSignature:
        return None
    return kept["path"], QueryDict(kept["data"])


def return_url(request: HttpRequest, fallback: str) -> str:
    """Return the URL of the page that sent the form, if it is on this site."""
    url = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_ours else fallback


@contextmanager
def as_sent(request: HttpRequest, data: QueryDict) -> Iterator[None]:
    """Let the request look as if the form had just been sent, to show it again."""
    method, sent = request.method, request.POST
    request.method, request.POST = "POST", data  # type: ignore[assignment]
    try:
        yield
    finally:
        request.method, request.POST = method, sent


def _is_technical(name: str) -> bool:
    return (
        name in _TECHNICAL
        or name.startswith(("_", "initial-"))
        or name.endswith(_TECHNICAL_SUFFIXES)
        or "-initial-" in name
    )
