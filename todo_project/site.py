"""The admin site of the service."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.site import SignInAdminSite


class ServiceAdminSite(SignInAdminSite):
    """The admin site with the name of the service."""

    site_header = _("Todos")
    site_title = _("Todos")
