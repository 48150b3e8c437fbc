"""The confirmation page between choosing an action and running it."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise

from core.admin.actions import MAX_ACTION_ROWS


def confirmation_page(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[Any],
    action: str,
    title: str | Promise,
    form: Form | None = None,
) -> HttpResponse:
    """Show the chosen rows and ask for confirmation; the form may ask for more."""
    media = model_admin.media
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "rows": list(rows[:MAX_ACTION_ROWS]),
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "form": form,
        "media": media + form.media if form else media,
    }
    return TemplateResponse(request, "admin/todos/confirmation.html", context)
