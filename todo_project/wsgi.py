"""The entry point of WSGI servers (PEP 3333)."""

from __future__ import annotations

import gc
import logging
import os
import sys
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from django.utils.module_loading import import_string

from core.registry import registry
from todo_project.observability import metrics
from todo_project.proxies import BY_PROXY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

MAX_WARNED = 10  # addresses that a process warns of
_warned: set[str] = set()
CHUNK = 64 * 1024  # bytes of a body that are held in memory at a time
MOST_UNREAD = 64 * 1024 * 1024  # bytes of a refused body that are read to answer it

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")


class TolerantRequest(WSGIRequest):
    """A request whose media type may be malformed: then it counts as missing.

    Django fails on a malformed one before any error handler runs.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except ValueError:
            meta["CONTENT_TYPE"] = ""
            self.content_type, self.content_params = "", {}


# Nothing loaded here is garbage; collecting would take a fifth of start-up.
gc.disable()
try:
    django = get_wsgi_application()
except ImproperlyConfigured:
    sys.tracebacklimit = 0  # the message helps an operator, the traceback does not
    raise
django.request_class = TolerantRequest
# These need models.
front = import_string("todo_project.front.wsgi.Front")(django)
gate = import_string("todo_project.overload.Gate")(front=front, django=django)
metrics.share(settings.METRICS_DIR)
# Import all views now. Otherwise the first request of each worker waits for it, and
# import errors appear only then.
get_resolver().url_patterns  # noqa: B018
gc.freeze()  # later collections skip everything that is loaded here
gc.enable()


def application(
    environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    find_client(environ)
    remove_base_path(environ)
    answer: Iterable[bytes] = gate(environ, start_response)
    if has_large_body(environ):
        return BeforeTheRest(answer, environ)
    read_rest(environ)
    return answer


def has_large_body(environ: WSGIEnvironment) -> bool:
    """Return whether the body may still be on its way: nginx does not buffer files."""
    length = environ.get("CONTENT_LENGTH") or ""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return length.isdecimal() and int(length) > most


class BeforeTheRest:
    """A response that is sent before the rest of the body is read.

    nginx closes the connection as soon as it has the response. So an upload that is
    refused does not occupy a thread until its client has sent all of it.
    """

    def __init__(self, answer: Iterable[bytes], environ: WSGIEnvironment) -> None:
        self._answer, self._environ = answer, environ

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer
        read_rest(self._environ)

    def close(self) -> None:
        if hasattr(self._answer, "close"):
            self._answer.close()


def remove_base_path(environ: WSGIEnvironment) -> None:
    """Remove BASE_PATH from the path, unless a proxy in front has removed it."""
    path, base = environ.get("PATH_INFO", ""), settings.BASE_PATH
    if base and f"{path}/".startswith(f"{base}/"):
        environ["PATH_INFO"] = path.removeprefix(base)


def read_rest(environ: WSGIEnvironment) -> None:
    """Read the rest of the body, so that its sender gets the response.

    A request may be refused before its body is read. A server that closes a socket
    with unread content loses the response that it has written to it.
    """
    if not environ.get("CONTENT_LENGTH"):
        return
    most = registry.body_limit_of(environ.get("PATH_INFO", ""))
    left = max(2 * most, MOST_UNREAD)
    with suppress(OSError):  # the client has gone, or is too slow
        while left > 0 and (chunk := environ["wsgi.input"].read(min(left, CHUNK))):
            left -= len(chunk)


def find_client(environ: WSGIEnvironment) -> None:
    """Set the client's address and scheme, and the request's id, to trusted values.

    Servers disagree on whom they trust: uWSGI takes X-Forwarded-Proto from anyone.
    HTTPS and REQUEST_ID are not headers, so only nginx can have set them.
    """
    secure = environ.get("HTTPS", "").lower() in {"on", "1"}
    peer = environ.get("REMOTE_ADDR", "")
    environ[BY_PROXY] = is_proxy(peer)
    is_forwarded = "HTTP_X_FORWARDED_PROTO" in environ
    if settings.HTTPS and is_forwarded and not secure and not is_proxy(peer):
        warn_of_redirects(peer)
    if "REQUEST_ID" not in environ and not is_proxy(peer):
        environ.pop("HTTP_X_REQUEST_ID", None)
    if is_proxy(peer):
        said = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2]
        secure = secure or said.strip().lower() == "https"
        hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        environ["REMOTE_ADDR"] = last_untrusted_hop(peer, hops)
    environ["wsgi.url_scheme"] = "https" if secure else "http"


def warn_of_redirects(peer: str) -> None:
    """Log once why browsers are redirected endlessly: their proxy is not trusted."""
    if peer not in _warned and len(_warned) < MAX_WARNED:
        _warned.add(peer)
        fields = {"peer": peer, "setting": "TRUSTED_PROXIES"}
        logger.warning("proxy is not trusted", extra=fields)


def is_proxy(peer: str) -> bool:
    """Return whether this address is trusted to name the client.

    Without an address the request came over a unix socket, which only nginx may open.
    """
    address = as_address(peer)
    return not peer or any(address in net for net in settings.TRUSTED_PROXIES)


def last_untrusted_hop(peer: str, hops: list[str]) -> str:
    """Return the last hop that is not a trusted proxy: each hop names the previous one.

    If a hop is not an address, return the hop after it in the header.
    """
    for hop in reversed(hops):
        address = as_address(hop.strip())
        if address is None:
            break
        peer = str(address)
        if not is_proxy(peer):
            break
    return peer


@lru_cache(maxsize=1024)
def as_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A socket for both versions writes 10.0.0.1 as ::ffff:10.0.0.1.
    return getattr(address, "ipv4_mapped", None) or address
