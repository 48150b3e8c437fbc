"""The admin, in the shape that everyone uses it."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig as StockAdminConfig


class AdminConfig(StockAdminConfig):
    default_site = "accounts.site.PersonalAdminSite"
