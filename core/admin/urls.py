"""URLs of a model's admin pages."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from core.site import preserved_filters


def page_url(model: type[Model] | Model, page: str, *args: object) -> str:
    """Return the URL of a page, such as `changelist` or `change`."""
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def with_filters(request: HttpRequest, model: type[Model] | Model, url: str) -> str:
    """Return the URL with the filters of the model's table that led to this page."""
    context: Any = {
        "opts": model._meta,
        "preserved_filters": preserved_filters(request),
    }
    return str(add_preserved_filters(context, url))
