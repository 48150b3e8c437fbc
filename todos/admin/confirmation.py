"""The page between an action and what it does."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise

from core.admin.actions import MOST_AT_ONCE


def ask(
    model_admin: Any,
    request: HttpRequest,
    queryset: QuerySet[Any],
    action: str,
    title: str | Promise,
    form: Any = None,
) -> HttpResponse:
    """Ask what is still to be known before an action, or whether it is meant."""
    media = model_admin.media
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "rows": list(queryset[:MOST_AT_ONCE]),
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "form": form,
        "media": media + (form.media if form else media),
    }
    return TemplateResponse(request, "admin/todos/ask.html", context)
