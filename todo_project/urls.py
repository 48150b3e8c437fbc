"""Addresses."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from accounts.urls import urlpatterns as accounts_urls
from todo_project.health import livez, readyz
from todo_project.openapi.views import DocsViewSet, SchemaViewSet
from todo_project.scrape import scrape
from todos.urls import urlpatterns as todos_urls

handler400 = "todo_project.errors.bad_request"
handler403 = "todo_project.errors.forbidden"
handler404 = "todo_project.errors.not_found"
handler500 = "todo_project.errors.server_error"

icon = lazy(static, str)  # the name that it is served under is known once asked

api_v1 = [
    *accounts_urls,
    *todos_urls,
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
]
