"""Into the trash, out of it again, and away for good: alike for todos and lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.admin.base import ScopedModelAdmin
from todos.admin.confirmation import ask

# A service, and what is said of the rows that it worked for.
Deed = tuple[Callable[..., object], Callable[[int], str]]


def looks_into_trash(request: Any) -> bool:
    match = request.resolver_match
    return match is not None and str(match.url_name).endswith("_trash")


class TrashActions(ScopedModelAdmin):
    """What can be done to many rows; in the trash other things than outside."""

    at_work: tuple[str, ...] = ("trash",)
    in_trash = ("restore", "purge")
    trashing: Deed
    restoring: Deed
    purging: Deed
    purge_question: str | Promise

    def get_actions(self, request: HttpRequest) -> Any:
        names = self.in_trash if looks_into_trash(request) else self.at_work
        return self.permitted_actions(request, *names)

    @admin.action(permissions=["delete"], description=_("Move to the trash"))
    def trash(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.apply_to_each(request, queryset, *self.trashing)

    @admin.action(permissions=["delete"], description=_("Restore"))
    def restore(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.apply_to_each(request, queryset, *self.restoring)

    @admin.action(permissions=["delete"], description=_("Delete for good"))
    def purge(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return ask(self, request, queryset, "purge", self.purge_question)
        self.apply_to_each(request, queryset, *self.purging)
        return None
