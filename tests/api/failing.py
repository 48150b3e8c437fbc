"""The addresses of the service, and some that fail as no request can make them."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from todo_project.urls import *  # noqa: F403  (the service's own, handlers included)
from todo_project.urls import urlpatterns as own

SECRET = "the word that nobody must read"


class Failing(APIView):
    """Fails as the address says, after authentication."""

    schema = None
    permission_classes: tuple[Any, ...] = ()

    def get(self, request: Request, how: str) -> Response:
        failures = {
            "bug": lambda: ValueError(SECRET),
            "throttled": lambda: Throttled(wait=1.2),
            "locked": lambda: OperationalError(SECRET),
        }
        if how in failures:
            raise failures[how]()
        return Response({"unspeakable": object()})  # fails while it is rendered


def outside(request: HttpRequest) -> HttpResponse:
    raise ValueError(SECRET)


urlpatterns = [
    path("api/v1/fail/outside", outside),
    path("api/v1/fail/<str:how>", Failing.as_view()),
    *own,
]
