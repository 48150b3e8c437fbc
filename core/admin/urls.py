"""URLs of a model's admin pages."""

from __future__ import annotations

from django.db.models import Model
from django.urls import reverse


def page_url(model: type[Model] | Model, page: str, *args: object) -> str:
    """Return the URL of a page, such as `changelist` or `change`."""
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)
