"""App configuration of the kernel."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from core.registry import registry


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("Event log")

    def ready(self) -> None:
        from core import checks  # noqa: F401  (registers the system checks)
        from core.declaration import DECLARATION

        registry.add(DECLARATION)
        post_migrate.connect(
            prepare_database, sender=self, dispatch_uid="core.prepare_database"
        )


def prepare_database(*, apps: Apps = installed_apps, **_: Any) -> None:
    """Create what migrations do not: the triggers and the installation's row.

    `apps` is the migrated state, which may not include these tables yet.
    """
    if "installation" not in apps.all_models["core"]:
        return
    from core.append_only import install_triggers
    from core.models import Installation

    install_triggers()
    Installation.objects.get_or_create(id=1)
