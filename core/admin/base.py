"""The page of a model: scoped when read, services when written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.admin.actions import ActingAdmin
from core.admin.changeform import WritingAdmin
from core.admin.history import TECHNICAL, history_of, present
from core.admin.paginator import BoundedPaginator
from core.admin.permissions import ScopedRights, person_of
from core.models import Event
from core.site import NavItem

HISTORY_LENGTH = 200


class ScopedModelAdmin(ScopedRights, ActingAdmin, WritingAdmin):
    """Shows what the person may see, writes through services, tells from the log."""

    is_scoped = True
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    list_select_related = False
    actions_selection_counter = True
    empty_value_display = ""
    view_on_site = False
    # What the address of a table may ask for, beside its filters.
    allowed_lookups: frozenset[str] = frozenset()
    resource_type = ""  # as the event log calls it
    icon = "list"
    nav_order: int | None = None
    nav_section: str | Promise = ""

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.require_scope()

    # --- What the person finds

    def nav(self, request: HttpRequest) -> list[NavItem]:
        if self.nav_order is None:
            return []
        label = capfirst(str(self.opts.verbose_name_plural))
        url = self.address("changelist")
        return [NavItem(label, url, self.icon, self.nav_section, order=self.nav_order)]

    def home_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what this page contributes to the first page."""
        return {}

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Allow the parameters of this table's filters and those named beside them."""
        filters = {
            getattr(spec, "parameter_name", None)
            for spec in self.get_list_filter(request)
        }
        return lookup in filters | self.allowed_lookups

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or self.can_edit(request, obj))

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or self.can_edit(request, obj))

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field in {"pk", self.opts.pk.name}

    def _get_obj_does_not_exist_redirect(self, *_args: Any) -> HttpResponse:
        """Answer for a row out of sight as for one that does not exist."""
        raise Http404

    # --- What was done

    def changelist_view(
        self, request: Any, extra_context: dict[str, Any] | None = None
    ) -> Any:
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, title | (extra_context or {}))

    def history_rows(self, request: HttpRequest, row: Any) -> QuerySet[Event]:
        """Return the events about a row that the person may read, newest first."""
        return history_of(person_of(request), self.resource_type, row.pk)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        events = list(self.history_rows(request, row)[:HISTORY_LENGTH])
        context = {
            **self.admin_site.each_context(request),
            "title": _("History"),
            "subtitle": str(row),
            "opts": self.opts,
            "object": row,
            "events": present(events, person_of(request), without=TECHNICAL),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def log_addition(self, *_args: Any) -> Any:
        """Leave Django's own log empty: services record events."""

    def log_change(self, *_args: Any) -> Any:
        """See `log_addition`."""

    def log_deletions(self, *_args: Any) -> Any:
        """See `log_addition`."""

    def construct_change_message(self, *_args: Any, **_options: Any) -> Any:
        return []
