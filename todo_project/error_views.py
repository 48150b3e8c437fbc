"""Error responses outside the API's views: HTML pages, or problems for API clients."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import DisallowedHost
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from core.admin.actions import return_url
from core.api.problems import BUSY_SECONDS, default_detail_of, problem_response
from core.registry import registry
from todo_project.advice import advice_on_host, advice_on_origin


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost) and (advice := advice_on_host(request)):
        return answer(request, 421, advice=advice)
    return answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    # Django calls this while it handles the exception. The API responds the same way.
    if not isinstance(sys.exception(), OperationalError):
        return answer(request, 500)
    busy = answer(request, 503)
    busy.headers["Retry-After"] = str(BUSY_SECONDS)
    return busy


def csrf_failure(
    request: HttpRequest, reason: str = "", **_options: Any
) -> HttpResponse:
    if signed_out(request):
        to = return_url(request, reverse("admin:index"))
        return redirect_to_login(to, reverse("admin:login"))
    if advice := advice_on_origin(request):
        detail = _("The server is not set up for this address.")
        return answer(request, 403, "csrf_failed", detail, advice)
    detail = _("This form has expired. Reload and try again.")
    return answer(request, 403, "csrf_failed", detail)


def signed_out(request: HttpRequest) -> bool:
    """Return whether an admin form was sent after the session had ended."""
    pages = reverse("admin:index")
    login = reverse("admin:login")
    is_page = request.path.startswith(pages) and request.path != login
    return is_page and not request.user.is_authenticated


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
    }
    try:
        return render(request, "error.html", context, status=status)
    except ValueError:  # the static files of the page have not been collected
        text = f"{status} {context['detail']}\n"
        return HttpResponse(text, content_type="text/plain", status=status)
