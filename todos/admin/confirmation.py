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

from core.admin.bulk_run import MAX_ACTION_ROWS, acts_on_all
from core.admin.gone import NONE_LEFT, gone_response
from core.admin.paginator import BoundedPaginator

MAX_LISTED = 20


def confirmation_page(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[Any],
    action: str,
    title: str | Promise,
    form: Form | None = None,
) -> HttpResponse:
    """Show the chosen rows and ask for confirmation; the form may ask for more.

    Of all rows that match the table's filters, the first ones are shown.
    """
    media = model_admin.media
    acts_on_more = acts_on_all(request)
    shown = list(rows[: MAX_LISTED if acts_on_more else MAX_ACTION_ROWS])
    if not shown:
        return gone_response(request, request.get_full_path(), NONE_LEFT)
    total = BoundedPaginator(rows, 1) if acts_on_more else None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "rows": shown,
        "acts_on_all": acts_on_more,
        "more": total.count - len(shown) if total else 0,
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
        "form": form,
        "media": media + form.media if form else media,
    }
    return TemplateResponse(request, "admin/todos/confirmation.html", context)
