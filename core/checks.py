"""System checks, which run before the service starts."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register

from core.models import Recorded
from core.scoping import ScopedQuerySet


@register
def recorded_models_are_scoped(**_: Any) -> list[CheckMessage]:
    """Require a scope on every model that people change."""
    return [
        Error(
            f"{model.__name__} has no ScopedQuerySet as its default manager.",
            hint="Derive its queryset from core.scoping.ScopedQuerySet.",
            obj=model,
            id="core.E001",
        )
        for model in apps.get_models()
        if issubclass(model, Recorded)
        and not isinstance(model._default_manager.all(), ScopedQuerySet)
    ]
