"""Wiring of todos."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from core.registry import registry


class TodosConfig(AppConfig):
    name = "todos"
    verbose_name = _("Todos")

    def ready(self) -> None:
        from todos import receivers  # noqa: F401  (connects the receivers)
        from todos.declaration import DECLARATION

        registry.add(DECLARATION)
