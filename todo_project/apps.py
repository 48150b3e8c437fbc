"""Wiring of the project: its commands, and the admin in the shape all use it."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as StockAdminConfig
from django.db.backends.signals import connection_created

from todo_project.patience import bound_connection
from todo_project.timing import watch_connection


class ProjectConfig(AppConfig):
    name = "todo_project"

    def ready(self) -> None:
        connection_created.connect(bound_connection, dispatch_uid="patience")
        connection_created.connect(watch_connection, dispatch_uid="timing")


class AdminConfig(StockAdminConfig):
    default_site = "accounts.site.PersonalAdminSite"
