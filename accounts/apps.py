"""Wiring of the app of people."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and rights")

    def ready(self) -> None:
        from accounts import checks  # noqa: F401  (registers the system checks)

        post_migrate.connect(prepare_database, dispatch_uid="accounts.prepare_database")


def prepare_database(
    *, app_config: AppConfig, apps: Apps = installed_apps, **_: Any
) -> None:
    """Put back what migrations do not keep: triggers, roles, the epoch.

    `apps` are those of the state that was migrated to, which may have no tables yet.
    """
    if "shippedgrant" not in apps.all_models["accounts"]:
        return
    from django.contrib.auth.management import create_permissions

    from accounts.append_only import install_triggers
    from accounts.models import Installation
    from accounts.roles import sync_roles

    # Permissions of each app come into being one app after the other, and auth has
    # not made these yet: it is installed behind accounts.
    if app_config.label in {"accounts", "todos"}:
        create_permissions(app_config, verbosity=0, apps=apps)
        sync_roles()
    if app_config.label == "accounts":
        install_triggers()
        Installation.objects.get_or_create(id=1)
