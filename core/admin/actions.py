"""Changelist actions: call a service for each selected row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import IntegrityError, OperationalError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from core.admin.bulk_run import BulkRun, progress_page
from core.admin.changelist import grouped
from core.admin.gone import NONE_LEFT, gone_response
from core.admin.paginator import MAX_COUNTED
from core.admin.permissions import request_user
from core.errors import Busy, DomainError, Missing, refusal_of
from core.forms.kept import return_url
from core.ids import is_key

ANCHOR = re.compile(r"[a-z][\w-]{0,99}", re.ASCII)

# Django's signature; a ModelAdmin is generic for the type checker only.
Action: TypeAlias = (
    "Callable[[ModelAdmin[Any], HttpRequest, QuerySet[Any]], HttpResponseBase | None]"
)
# A service, and the success message for a number of rows.
RowService = tuple[Callable[..., object], Callable[[int], str]]


def run_and_redirect(
    request: HttpRequest, verb: Callable[[], str], table: str, page: str = ""
) -> HttpResponse:
    """Call `verb`, show the message it returns, and redirect to the form's page.

    If the form does not name its page, redirect to `page` or `table`. The parameter
    `at` of the URL is the id of an element to return to.
    """
    try:
        messages.success(request, verb())
    except Missing:
        return gone_response(request, table)
    except (DomainError, IntegrityError, OperationalError) as error:
        messages.error(request, str(refusal_of(error).message))
    anchor = request.GET.get("at", "")
    fragment = f"#{anchor}" if ANCHOR.fullmatch(anchor) else ""
    return HttpResponseRedirect(return_url(request, page or table) + fragment)


class BulkActions:
    """The bulk actions of a model: the methods listed in `names`.

    `row_name` is the keyword argument in which the services take a row.
    """

    names: tuple[str, ...] = ()
    row_name = ""

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    def names_for(self, request: HttpRequest) -> Sequence[str]:
        return self.names

    def can_act_on(self, row: Model) -> bool:
        """Return whether the row can be selected, because an action may apply to it."""
        return True

    def offered(self, request: HttpRequest) -> dict[str, tuple[Action, str, str]]:
        """Return the actions that the user has permission for."""
        actions = {name: getattr(self, name) for name in self.names_for(request)}
        return {
            name: (action, name, action.short_description)
            for name, action in actions.items()
            if self._is_permitted(request, action.allowed_permissions)
        }

    def clean_selection(self, request: HttpRequest) -> None:
        """Keep only valid ids of individually selected rows in the submitted data."""
        data = request.POST.copy()
        chosen = data.getlist(ACTION_CHECKBOX_NAME)
        key_field = self.model_admin.opts.pk
        keys = [key for key in chosen if is_key(key_field, key)]
        data.setlist(ACTION_CHECKBOX_NAME, keys)
        request.POST = data  # type: ignore[assignment]

    def apply(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        service: Callable[..., object],
        message: Callable[[int], str],
    ) -> HttpResponse | None:
        """Call a service for each row; report successes and reasons for refusals.

        If all rows that match the filters are selected, each request processes some of
        them and returns a page that shows the progress and continues.
        """
        run = BulkRun.of(request, rows)
        if run is None:
            text = _("More than %(limit)s rows match. Use filters to narrow them down.")
            messages.error(request, text % {"limit": grouped(MAX_COUNTED)})
            return None
        chosen = run.next_rows(rows)
        context = {"actor": request_user(request), "now": timezone.now()}
        for index, row in enumerate(chosen):
            try:
                service(**context, **{self.row_name: row})
            except OperationalError:
                # Stop after one timeout instead of waiting for each remaining row.
                run.refuse(str(Busy.message), len(chosen) - index + len(run.left))
                run.left = []
                break
            except (DomainError, IntegrityError) as error:
                run.refuse(str(refusal_of(error).message))
            else:
                run.count += 1
        if run.left:
            return progress_page(self.model_admin, request, run)
        if run.count:
            messages.success(request, message(run.count))
        elif not run.refused:  # a second click finds the rows gone
            messages.info(request, str(NONE_LEFT))
        for reason, times in run.refused.items():
            messages.error(request, f"{reason} ({times})" if times > 1 else reason)
        return None

    def _is_permitted(self, request: HttpRequest, permissions: Iterable[str]) -> bool:
        return any(
            getattr(self.model_admin, f"has_{name}_permission")(request)
            for name in permissions
        )
