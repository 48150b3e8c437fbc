"""App configuration of bookmarks."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.registry import registry


class BookmarksConfig(AppConfig):
    name = "tests.sample_app"
    label = "bookmarks"
    verbose_name = _("Bookmarks")

    def ready(self) -> None:
        from tests.sample_app.declaration import DECLARATION

        registry.add(DECLARATION)
