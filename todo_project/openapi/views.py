"""The document, and a page to read it and try it out."""

# mypy: allow-untyped-calls
# (drf-spectacular comes without types.)

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer, OpenApiYamlRenderer2
from rest_framework.exceptions import NotAuthenticated
from rest_framework.renderers import JSONRenderer, TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from core.api.viewsets import ServiceView


class OpenApiJsonRenderer(JSONRenderer):
    """The media type registered for OpenAPI documents in JSON."""

    media_type = "application/vnd.oai.openapi+json"


@cache
def document() -> dict[str, Any]:
    """Return the document, which is in English for everyone."""
    with translation.override("en"):
        return SchemaGenerator().get_schema(public=True)  # type: ignore[no-any-return]


class SchemaViewSet(ServiceView, ViewSet):
    """The OpenAPI document as JSON, or as YAML on request."""

    schema = None
    resource = "profile"
    required = {"retrieve": None}
    inputs: Mapping[str, Any] = {}
    renderer_classes = [
        JSONRenderer,
        OpenApiJsonRenderer,
        OpenApiYamlRenderer2,
        OpenApiYamlRenderer,
    ]

    def retrieve(self, request: Request) -> Response:
        """Return the document."""
        return Response(document())


class DocsViewSet(ServiceView, ViewSet):
    """Swagger UI, from our own static files."""

    schema = None
    resource = "profile"
    required = {"retrieve": None}
    inputs: Mapping[str, Any] = {}
    renderer_classes = [TemplateHTMLRenderer]

    def retrieve(self, request: Request) -> Response:
        """Show the page."""
        get_token(request)  # sets the cookie that the page sends back as a header
        context = {
            "language": getattr(request.user, "language", settings.LANGUAGE_CODE),
            "schema_url": reverse("api:schema"),
            "csrf_cookie": settings.CSRF_COOKIE_NAME,
        }
        return Response(context, template_name="swagger.html")

    def handle_exception(self, exc: Exception) -> HttpResponseBase:  # type: ignore[override]
        """Redirect a browser without a session to the sign-in."""
        wants_page = "text/html" in self.request.headers.get("Accept", "")
        if isinstance(exc, NotAuthenticated) and wants_page:
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)
