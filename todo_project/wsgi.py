"""The entry point of WSGI servers (PEP 3333)."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from core.registry import registry
from todo_project.observability import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

CHUNK = 64 * 1024  # bytes of a body that are held in memory at a time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")


class TolerantRequest(WSGIRequest):
    """A request whose media type may be nonsense: then it has none.

    Django fails over one before any handler of errors is there.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except ValueError:
            meta["CONTENT_TYPE"] = ""
            self.content_type, self.content_params = "", {}


# Nothing that is loaded here is garbage; to look for some takes a fifth of the time.
gc.disable()
try:
    django = get_wsgi_application()
except ImproperlyConfigured:
    sys.tracebacklimit = 0  # the sentence helps an operator, not the way to it
    raise
django.request_class = TolerantRequest
metrics.share(settings.METRICS_DIR)
# Import all views now: else the first request of each worker waits for it, and people
# find out what cannot be imported.
get_resolver().url_patterns  # noqa: B018
gc.freeze()  # nor does a request have to wait while somebody looks through all of it
gc.enable()


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    find_client(environ)
    answer = django(environ, start_response)
    read_rest(environ)
    return answer


def read_rest(environ: WSGIEnvironment) -> None:
    """Read the rest of the body, up to twice what its door allows.

    A request may be refused before its body is looked at. A server that closes a
    socket with unread content loses what it has written there: the refusal.
    """
    if not environ.get("CONTENT_LENGTH"):
        return
    left = 2 * registry.door_of(environ.get("PATH_INFO", "")).most_bytes
    with suppress(OSError):  # the client has gone, or is too slow
        while left > 0 and (chunk := environ["wsgi.input"].read(min(left, CHUNK))):
            left -= len(chunk)


def find_client(environ: WSGIEnvironment) -> None:
    """Set the client's address and scheme, and the request's id, to what is believed.

    Servers disagree whom they believe: uWSGI takes X-Forwarded-Proto from anybody.
    HTTPS and REQUEST_ID are no headers, so only nginx can have set them.
    """
    secure = environ.get("HTTPS", "").lower() in {"on", "1"}
    peer = environ.get("REMOTE_ADDR", "")
    if "REQUEST_ID" not in environ and not is_proxy(peer):
        environ.pop("HTTP_X_REQUEST_ID", None)
    if is_proxy(peer):
        said = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2]
        secure = secure or said.strip().lower() == "https"
        hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        environ["REMOTE_ADDR"] = first_stranger(peer, hops)
    environ["wsgi.url_scheme"] = "https" if secure else "http"


def is_proxy(peer: str) -> bool:
    """Tell whether to believe what this address says of others.

    Without an address the request came over a unix socket: only nginx may open it.
    """
    address = as_address(peer)
    return not peer or any(address in net for net in settings.TRUSTED_PROXIES)


def first_stranger(peer: str, hops: list[str]) -> str:
    """Return the last hop that is no proxy of ours; each was named by the next one.

    What is no address ends the way back: then it is the last that was one.
    """
    for hop in reversed(hops):
        address = as_address(hop.strip())
        if address is None:
            break
        peer = str(address)
        if not is_proxy(peer):
            break
    return peer


def as_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket for both versions writes 10.0.0.1 as ::ffff:10.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address
