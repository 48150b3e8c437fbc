"""Deleting a row: the confirmation page, then the service."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.gone import gone_response
from core.admin.permissions import Row, request_user
from core.admin.urls import page_url, with_filters
from core.characters import isolate
from core.errors import DomainError, Missing, refusal_of
from core.users import User


class Removal(Generic[Row]):
    """The deletion of a row, and its labels.

    Subclasses call the service in `remove`. The confirmation page does not list
    related rows, since the user might not be allowed to see them.
    """

    button: str | Promise = ""  # "Delete" unless set
    consequence: str | Promise = ""
    done: str | Promise = gettext_lazy("“%s” was deleted.")
    done_before: str | Promise = ""  # "This was deleted already …" unless set

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    def remove(self, actor: User, row: Row, now: datetime) -> None:
        raise NotImplementedError

    def is_removed(self, row: Row) -> bool:
        """Return whether the row, which may stay, was removed before."""
        return False

    def url_after(self, row: Row) -> str:
        return page_url(row, "changelist")

    def respond(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        """Ask for confirmation, or delete; redirect to the row if refused."""
        row = self._find(request, object_id)
        if not self.model_admin.has_delete_permission(request, row):
            raise PermissionDenied
        if row is None and request.method == "POST":
            return self._gone(request)
        if row is None:
            raise Http404
        if not request.POST:
            return self._confirmation(request, row, extra_context or {})
        url = with_filters(request, row, self.url_after(row))
        message = str(self.done) % isolate(str(row))
        try:
            self.remove(request_user(request), row, timezone.now())
        except Missing:
            return self._gone(request)
        except (DomainError, IntegrityError, OperationalError) as error:
            messages.error(request, str(refusal_of(error).message))
            url = with_filters(request, row, page_url(row, "change", object_id))
            return HttpResponseRedirect(url)
        messages.success(request, message)
        return HttpResponseRedirect(url)

    def _find(self, request: HttpRequest, object_id: str) -> Row | None:
        row: Row | None = self.model_admin.get_object(request, unquote(object_id))
        return None if row is None or self.is_removed(row) else row

    def _gone(self, request: HttpRequest) -> HttpResponse:
        table = page_url(self.model_admin.model, "changelist")
        return gone_response(request, table, self.done_before)

    def _confirmation(
        self, request: HttpRequest, row: Row, extra_context: dict[str, Any]
    ) -> HttpResponse:
        context = {
            **self.model_admin.admin_site.each_context(request),
            "title": _("Delete"),
            "opts": self.model_admin.opts,
            "object": row,
            "delete_button": self.button,
            "delete_consequence": self.consequence,
            **extra_context,
        }
        return self.model_admin.render_delete_form(request, context)
