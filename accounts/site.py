"""The admin site: everyone who may sign in works here."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class PersonalAdminSite(AdminSite):
    """Open to every active person; what it shows is theirs."""

    site_header = _("Todos")
    site_title = _("Todos")
    index_title = _("Today")
    site_url = None
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active
