"""The trash: moving rows there, restoring them, and deleting them permanently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.admin.actions import BulkActions, RowService
from todos.admin.confirmation import confirmation_page


def shows_trash(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and str(match.url_name).endswith("_trash")


class TrashActions(BulkActions):
    """Moves rows to the trash; in the trash, restores or purges them."""

    names: tuple[str, ...] = ("trash",)
    names_in_trash = ("restore", "purge")
    # Set by subclasses: the services and their messages.
    trashing: RowService
    restoring: RowService
    purging: RowService
    purge_title: str | Promise

    def names_for(self, request: HttpRequest) -> Sequence[str]:
        return self.names_in_trash if shows_trash(request) else self.names

    @admin.action(permissions=["delete"], description=_("Move to the trash"))
    def trash(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        return self.apply(request, rows, *self.trashing)

    @admin.action(permissions=["delete"], description=_("Restore"))
    def restore(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        return self.apply(request, rows, *self.restoring)

    @admin.action(permissions=["delete"], description=_("Delete permanently"))
    def purge(
        self, model_admin: ModelAdmin[Any], request: HttpRequest, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            title = self.purge_title
            return confirmation_page(model_admin, request, rows, "purge", title)
        return self.apply(request, rows, *self.purging)
