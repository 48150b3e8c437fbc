"""Error answers outside the API's views: pages for people, problems for clients."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from todo_project.problems import problem_response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "bad_request", _("The request cannot be understood."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "permission_denied", _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "not_found", _("Not found."))


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(
        request, 500, "internal_error", _("Something went wrong on our side.")
    )


def csrf_failure(
    request: HttpRequest, reason: str = "", **_options: Any
) -> HttpResponse:
    detail = _("The form was open for too long, or came from elsewhere. Load it again.")
    return _answer(request, 403, "csrf_failed", detail)


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem_response(request, status, code, detail)
    context = {
        "status": status,
        "detail": detail,
        "request_id": getattr(request, "id", ""),
    }
    return render(request, "error.html", context, status=status)
