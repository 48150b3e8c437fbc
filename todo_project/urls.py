"""URL configuration of the project."""

from __future__ import annotations

from importlib import import_module
from itertools import chain
from typing import Any

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from core.registry import registry
from todo_project.observability.health import livez, readyz
from todo_project.observability.metrics_view import scrape
from todo_project.openapi.views import DocsViewSet, SchemaViewSet

handler400 = "todo_project.error_views.bad_request"
handler403 = "todo_project.error_views.forbidden"
handler404 = "todo_project.error_views.not_found"
handler500 = "todo_project.error_views.server_error"

icon = lazy(static, str)  # at import, the manifest may not exist yet


def addresses(modules: list[str]) -> list[Any]:
    return list(chain.from_iterable(import_module(it).urlpatterns for it in modules))


api_v1: list[Any] = [
    *addresses(registry.api_urls),
    path("schema", SchemaViewSet.as_view({"get": "retrieve"}), name="schema"),
    path("docs", DocsViewSet.as_view({"get": "retrieve"}), name="docs"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("metrics", scrape, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url=icon("look/mark.svg"))),
    path("admin/", admin.site.urls),
    path("api/v1/", include((api_v1, "api"))),
    *addresses(registry.urls),
]
