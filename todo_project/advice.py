"""Advice to the operator whose settings do not fit the address that people use.

It is shown on the page that they get, because the operator tries it first. It contains
nothing but the address that the browser sent and the names of settings. The log also
names the proxy.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def advice_on_host(request: HttpRequest) -> str:
    """Return how to allow the refused Host header; empty if it is malformed."""
    name, port = split_domain_port(request.headers.get("Host", ""))
    if not name:
        return ""
    if is_port_refused(request):
        text = _("To allow it, the server's operator must add {port} to ALLOWED_PORTS.")
    else:
        text = _("To allow it, the server's operator must add {name} to ALLOWED_HOSTS.")
    return text.format(name=name, port=port)


def is_port_refused(request: HttpRequest) -> bool:
    """Return whether the name in a refused Host header is allowed, but not its port."""
    name, _port = split_domain_port(request.headers.get("Host", ""))
    return validate_host(name, settings.ALLOWED_HOSTS)


def advice_on_origin(request: HttpRequest) -> str:
    """Return what to set if the browser sees another origin than the service does.

    An empty string means that they are the same, and the form has just expired.
    """
    origin = origin_of(request.headers.get("Origin") or request.headers.get("Referer"))
    seen = f"{request.scheme}://{request.get_host()}"
    if origin in {"", seen}:
        return ""
    if origin.partition("://")[2] != request.get_host():
        setting, advice = "CSRF_TRUSTED_ORIGINS", advice_on_name(origin)
    elif "X-Forwarded-Proto" in request.headers:
        setting, advice = "TRUSTED_PROXIES", advice_on_trust()
    else:
        setting, advice = "X-Forwarded-Proto", advice_on_scheme()
    peer = request.META.get("REMOTE_ADDR", "")
    fields = {"origin": origin, "seen": seen, "peer": peer, "setting": setting}
    logger.warning("form from another origin", extra=fields)
    return advice


def origin_of(url: str | None) -> str:
    """Return the scheme and host of the URL; empty if it has none."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def advice_on_scheme() -> str:
    return _(
        "The browser uses HTTPS, but the proxy does not say so. The operator of the "
        "server must let the proxy set X-Forwarded-Proto, add the address of the proxy "
        "to TRUSTED_PROXIES, and set HTTPS=true."
    )


def advice_on_trust() -> str:
    return _(
        "The browser uses HTTPS, but the proxy is not trusted. The operator of the "
        "server must add the address of the proxy, which is in the log, to "
        "TRUSTED_PROXIES, and set HTTPS=true."
    )


def advice_on_name(origin: str) -> str:
    text = _(
        "The form was sent from {origin}. If that is an address of this service, the "
        "operator of the server must let the proxy pass on the Host header, or add the "
        "address to CSRF_TRUSTED_ORIGINS."
    )
    return text.format(origin=origin)
