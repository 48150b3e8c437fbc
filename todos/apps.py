"""Wiring of the app of todos."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TodosConfig(AppConfig):
    name = "todos"
    verbose_name = _("Todos")

    def ready(self) -> None:
        from todos import signals  # noqa: F401  (connects the receivers)
