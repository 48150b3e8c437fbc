"""What is shown if a row cannot be saved any more: what was typed, as a new row."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.forms import ServiceForm
from core.errors import Conflict
from core.forms import kept

Refusal = Http404 | PermissionDenied
NONE_LEFT = gettext_lazy("Nothing was changed: what you selected is no longer here.")


def gone_response(
    request: HttpRequest, table: str, message: str | Promise = ""
) -> HttpResponse:
    """Say that the row is gone, which a second click finds, and redirect.

    Redirect to the page of the form, unless it is that of a row, which may be gone too.
    """
    text = _("This was deleted already, or you no longer have access to it.")
    messages.info(request, str(message or text))
    url = kept.return_url(request, table)
    return HttpResponseRedirect(table if _is_page_of_row(url) else url)


def _is_page_of_row(url: str) -> bool:
    prefix = get_script_prefix().removesuffix("/")
    try:
        return bool(resolve(urlsplit(url).path.removeprefix(prefix)).kwargs)
    except Resolver404:
        return True


class ChoiceGone(Conflict):
    message = gettext_lazy(
        "Something that you chose was deleted in the meantime, or you no longer have "
        "access to it. Check the form and save again."
    )


def gone_context(
    form: ServiceForm, typed: QueryDict, refusal: Refusal
) -> dict[str, Any]:
    """Return the context of a form for a new row that holds what was typed.

    What the form has no field for is shown as text, and sent again with the form.
    """
    others = typed.copy()
    for name in form.fields:
        others.pop(name, None)
    return {
        "is_unsaved": True,
        "notice": why_gone(refusal),
        "typed_elsewhere": kept.texts_in(others),
        "kept_fields": [
            (name, value) for name, values in others.lists() for value in values
        ],
    }


def why_gone(refusal: Refusal) -> str:
    if isinstance(refusal, Http404):
        return _(
            "This was deleted in the meantime, or you no longer have access to it. "
            "Nothing was saved. Your input is still here: save it as a new entry."
        )
    return _(
        "You are no longer allowed to change this. Nothing was saved. Your input "
        "is still here: save it as a new entry."
    )
