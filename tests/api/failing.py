"""The URLs of the service, and some views that fail in ways no request can cause."""

from __future__ import annotations

import logging
from typing import Any

from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.errors import Conflict
from todo_project.urls import *  # noqa: F403  (the service's own, handlers included)
from todo_project.urls import urlpatterns as own

SECRET = "text that must not be leaked"


class Watched(Conflict):
    """A refusal that is logged."""

    log_level = logging.INFO


class Failing(APIView):
    """Authenticates, then fails in the way that the URL says."""

    schema = None
    permission_classes: tuple[Any, ...] = ()

    def get(self, request: Request, how: str) -> Response:
        failures = {
            "bug": lambda: ValueError(SECRET),
            "throttled": lambda: Throttled(wait=1.2),
            "locked": lambda: OperationalError(SECRET),
            "raced": lambda: IntegrityError(SECRET),
            "refused": Conflict,
            "watched": Watched,
        }
        if how in failures:
            raise failures[how]()
        return Response({"unserializable": object()})  # fails while it is rendered


def outside(request: HttpRequest) -> HttpResponse:
    raise ValueError(SECRET)


urlpatterns = [
    path("api/v1/fail/outside", outside),
    path("api/v1/fail/<str:how>", Failing.as_view()),
    *own,
]
