"""Error responses outside the API's views: HTML pages, or problems for API clients."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import DisallowedHost
from django.db import OperationalError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import is_valid_path, reverse
from django.utils.translation import gettext as _

from core.api.problems import BUSY_SECONDS, default_detail_of, problem_response
from core.api.viewsets import API_PREFIX
from core.forms import kept, once
from core.registry import registry
from todo_project.advice import advice_on_host, advice_on_origin, is_port_refused

# Refusals of requests whose bodies were accepted.
WITH_INPUT = frozenset({403, 404, 409, 429, 500, 503})

# Addresses above the API, which lead to its documentation.
ABOVE_API = (API_PREFIX, f"{API_PREFIX}v1/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost) and (advice := advice_on_host(request)):
        is_port = is_port_refused(request)
        detail = _("This server does not serve that port.") if is_port else ""
        return answer(request, 421, detail=detail, advice=advice)
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if address := known_address(request):
        return HttpResponsePermanentRedirect(address, preserve_request=True)
    return answer(request, 404)


def known_address(request: HttpRequest) -> str | None:
    """Return the address that was probably meant, with the query of the request."""
    path = request.path_info
    if path == reverse("admin:index").rstrip("/"):
        return reverse("admin:index")
    if path in ABOVE_API or f"{path}/" in ABOVE_API:
        return reverse("api:docs")
    bare = path.rstrip("/")
    if bare != path and path.startswith(API_PREFIX) and is_valid_path(bare):
        query = request.META.get("QUERY_STRING", "")
        return f"{bare}?{query}" if query else bare
    return None


def server_error(request: HttpRequest) -> HttpResponse:
    # Django calls this while it handles the exception. The API responds the same way.
    is_busy = isinstance(sys.exception(), OperationalError)
    return busy(request) if is_busy else answer(request, 500)


def busy(request: HttpRequest) -> HttpResponse:
    """Refuse a request that may succeed in a moment."""
    response = answer(request, 503)
    response.headers["Retry-After"] = str(BUSY_SECONDS)
    return response


def csrf_failure(
    request: HttpRequest, reason: str = "", **_options: Any
) -> HttpResponse:
    if signed_out(request):
        return sign_in_again(request)
    if is_ours(request) and once.is_from(request.user, request.POST):
        kept.keep(request, kept.input_of(request), request.path)
        text = _("This form was out of date. Check your input and save again.")
        messages.warning(request, text)
        return HttpResponseRedirect(kept.return_url(request, request.path))
    if advice := advice_on_origin(request):
        detail = _("The server is not set up for this address.")
        return answer(request, 403, "csrf_failed", detail, advice)
    detail = _("This form has expired. Reload and try again.")
    return answer(request, 403, "csrf_failed", detail)


def is_ours(request: HttpRequest) -> bool:
    """Return whether a form of an admin page was sent, and by a page of this site."""
    is_page = registry.door_of(request.path_info).errors == "page"
    return is_page and kept.is_same_origin(request)


def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Show the sign-in page; it keeps what was typed if this site sent it."""
    if is_ours(request) and once.FIELD in request.POST:
        return admin.site.ask_to_sign_in(request)  # type: ignore[attr-defined,no-any-return]
    to = kept.return_url(request, reverse("admin:index"))
    return redirect_to_login(to, reverse("admin:login"))


def signed_out(request: HttpRequest) -> bool:
    """Return whether an admin form was sent after the session had ended."""
    pages = reverse("admin:index")
    login = reverse("admin:login")
    is_page = request.path.startswith(pages) and request.path != login
    return is_page and not request.user.is_authenticated


def typed_texts(request: HttpRequest) -> list[str]:
    """Return what was typed into the refused form, if a page of this site sent it."""
    return kept.texts_in(kept.input_of(request)) if is_ours(request) else []


def answer(
    request: HttpRequest,
    status: int,
    code: str = "",
    detail: str = "",
    advice: str = "",
) -> HttpResponse:
    """Return the error in the format of the request's door: a page or a problem.

    `advice` tells what to do about it.
    """
    if registry.door_of(request.path_info).errors == "problem":
        text = f"{detail or default_detail_of(status)} {advice}".strip()
        return problem_response(request, status, code, text)
    context = {
        "status": status,
        "detail": detail or default_detail_of(status),
        "advice": advice,
        "request_id": getattr(request, "id", ""),
        "typed": typed_texts(request) if status in WITH_INPUT else [],
    }
    try:
        return render(request, "error.html", context, status=status)
    except ValueError:  # the static files of the page have not been collected
        text = f"{status} {context['detail']}\n"
        return HttpResponse(text, content_type="text/plain", status=status)
