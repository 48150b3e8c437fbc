"""URLs of a model's admin pages."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.db.models import Model
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from core.site import preserved_filters

ANY_KEY = UUID(int=0)


def page_url(model: type[Model] | Model, page: str, *args: object) -> str:
    """Return the URL of a page, such as `changelist` or `change`."""
    meta = model._meta
    name = f"admin:{meta.app_label}_{meta.model_name}_{page}"
    if not args:
        return _known_url(name, get_script_prefix())
    if len(args) == 1 and isinstance(args[0], UUID | int):
        url = _known_url(name, get_script_prefix(), ANY_KEY)
        return url.replace(str(ANY_KEY), str(args[0]))
    return reverse(name, args=args)


@lru_cache(maxsize=256)
def _known_url(name: str, script_prefix: str, *args: object) -> str:
    """Return a URL that many rows or pages contain; `reverse` takes long."""
    return reverse(name, args=args)


def with_filters(request: HttpRequest, model: type[Model] | Model, url: str) -> str:
    """Return the URL with the filters of the model's table that led to this page."""
    context: Any = {
        "opts": model._meta,
        "preserved_filters": preserved_filters(request),
    }
    return str(add_preserved_filters(context, url))
