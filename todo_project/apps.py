"""App configurations: the project's own, and the admin site that it replaces."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as StockAdminConfig
from django.db.backends.signals import connection_created

from core.freshness import subscribe
from core.registry import registry
from todo_project.observability.timing import watch_connection


class ProjectConfig(AppConfig):
    name = "todo_project"

    def ready(self) -> None:
        from todo_project.declaration import DECLARATION
        from todo_project.front.tokens import renew

        registry.add(DECLARATION)
        subscribe(renew)
        connection_created.connect(watch_connection, dispatch_uid="timing")


class AdminConfig(StockAdminConfig):
    default_site = "todo_project.site.ServiceAdminSite"
