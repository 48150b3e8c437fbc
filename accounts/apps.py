"""App configuration of accounts."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from core.registry import registry


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People and rights")

    def ready(self) -> None:
        from accounts.declaration import DECLARATION
        from accounts.receivers import adopt_settings_of_browser

        registry.add(DECLARATION)
        user_logged_in.connect(adopt_settings_of_browser, dispatch_uid="adopt_settings")
        post_migrate.connect(prepare_database, dispatch_uid="accounts.prepare_database")


def prepare_database(
    *, app_config: AppConfig, apps: Apps = installed_apps, **_: Any
) -> None:
    """Create what migrations do not: permissions and shipped roles.

    `apps` is the migrated state, which may not include these tables yet.
    """
    if "shippedgrant" not in apps.all_models["accounts"]:
        return
    from django.contrib.auth.management import create_permissions

    from accounts.roles import sync_roles

    # Django creates permissions app by app, in auth's receiver. That runs after this
    # one, since auth is installed after accounts.
    if app_config.label in registry.apps:
        create_permissions(app_config, verbosity=0, apps=apps)
        sync_roles()
