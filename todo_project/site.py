"""The admin site of the service."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.site import SignInAdminSite
from todos.cache import page_facts


class ServiceAdminSite(SignInAdminSite):
    """The admin site with the name of the service."""

    site_header = _("Todos")
    site_title = _("Todos")

    def facts_of(self, request: HttpRequest) -> Any:
        return page_facts(cast(User, request.user))
