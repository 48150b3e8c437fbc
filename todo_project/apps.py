"""Wiring of the project: its commands, and the admin in the shape all use it."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as StockAdminConfig


class ProjectConfig(AppConfig):
    name = "todo_project"


class AdminConfig(StockAdminConfig):
    default_site = "accounts.site.PersonalAdminSite"
