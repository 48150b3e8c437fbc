"""ScopedModelAdmin: pages that read scoped rows and write through services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.admin.actions import BulkActions
from core.admin.changeform import ChangeForm
from core.admin.changelist import Changelist
from core.admin.forms import ServiceForm
from core.admin.history import history_of, present_events, without_repeats
from core.admin.paginator import BoundedPaginator
from core.admin.permissions import Row, ScopedRows, request_user
from core.admin.removal import Removal
from core.admin.table import Column
from core.characters import is_visible
from core.html import format_html
from core.ids import is_key
from core.models import Event
from core.repeated_pages import repeatable
from core.scoping import ScopedQuerySet
from core.site import NavItem
from core.text import MAX_SEARCH_LENGTH

MAX_HISTORY = 200  # events on one page


class ScopedModelAdmin(ScopedRows[Row], admin.ModelAdmin):  # type: ignore[type-arg]
    """The admin pages of a model, limited to what the user may see.

    Django's hooks delegate to four collaborators: `changelist` for the table,
    `changeform` for the page of a row, `removal` for deleting a row and `bulk_actions`
    for actions on several rows. Subclasses set the classes of these.
    """

    changelist_class: ClassVar[type[Changelist]] = Changelist
    changeform_class: ClassVar[type[ChangeForm[Any, Any]]] = ChangeForm
    removal_class: ClassVar[type[Removal[Any]]] = Removal
    bulk_actions_class: ClassVar[type[BulkActions]] = BulkActions

    is_scoped = True
    form = ServiceForm
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    list_select_related = False
    actions_selection_counter = True
    empty_value_display = ""
    view_on_site = False
    # Query parameters that the changelist accepts in addition to its filters.
    allowed_lookups: frozenset[str] = frozenset()
    max_search_length = MAX_SEARCH_LENGTH
    resource_type = ""  # in the event log
    home_title: str | Promise = ""  # if the home page is about this model
    # The changelist's navigation entry; there is none without `nav_order`.
    icon = "list"
    nav_order: int | None = None
    nav_section: str | Promise = ""

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.require_scope()
        self.changelist = self.changelist_class(self)
        self.changeform = self.changeform_class(self)
        self.removal = self.removal_class(self)
        self.bulk_actions = self.bulk_actions_class(self)

    # --- Permissions ------------------------------------------------------------

    def has_change_permission(
        self, request: HttpRequest, obj: Row | None = None
    ) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or self.can_edit(request, obj))

    def has_delete_permission(
        self, request: HttpRequest, obj: Row | None = None
    ) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or self.can_delete(request, obj))

    def can_delete(self, request: HttpRequest, row: Row) -> bool:
        """Return whether the user may delete this row: if they may change it."""
        return self.can_edit(request, row)

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        """Allow the parameters of this changelist's filters and `allowed_lookups`."""
        filters = self.get_list_filter(request) if request else ()
        names = {getattr(spec, "parameter_name", None) for spec in filters}
        return lookup in names | self.allowed_lookups

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field in {"pk", self.opts.pk.name}

    # --- Rows -------------------------------------------------------------------

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Row | None:
        """Return the row; an id that is not in its canonical form finds none."""
        if not is_key(self.opts.pk, object_id):
            return None
        return super().get_object(request, object_id, from_field)

    def facts_of(self, request: HttpRequest) -> Any:
        """Return what determines the pages' content: see `core.repeated_pages`."""
        return None

    # --- Changelist -------------------------------------------------------------

    def nav_items(self, request: HttpRequest) -> list[NavItem]:
        return self.changelist.nav_items(request)

    def home_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what this model contributes to the home page."""
        return {}

    def get_changelist(
        self, request: HttpRequest, **options: object
    ) -> type[ChangeList]:
        return self.changelist.view_class

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.changelist.columns(request)

    def get_list_display_links(
        self, request: HttpRequest, list_display: Sequence[Column]
    ) -> Any:
        return self.changelist.links(request, list_display)

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self.changelist.filters(request)

    def get_ordering(self, request: HttpRequest) -> Any:
        return self.changelist.ordering(request)

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return self.changelist.sortable(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not is_visible(term):
            return queryset, False
        rows = cast(ScopedQuerySet[Any], queryset)
        return self.changelist.search(request, rows, term), False

    @repeatable
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"add_label": self.changeform.title(request, None)}
        context |= self.changelist.context(request) | (extra_context or {})
        return super().changelist_view(request, context)

    # --- Actions ----------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> Any:
        return self.bulk_actions.offered(request)

    def action_checkbox(self, obj: Row) -> SafeString:
        if not self.bulk_actions.can_act_on(obj):
            return SafeString()
        return format_html(  # a widget would render a template in each row
            '<input type="checkbox" name="{}" value="{}" class="action-select"'
            ' aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            _("Select this object for an action - {}").format(obj),
        )

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **options: Any
    ) -> HttpResponse | None:
        self.bulk_actions.clean_selection(request)
        return super().response_action(request, queryset, *args, **options)

    # --- Changeform -------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Row | None = None) -> Any:
        return self.changeform.fieldsets(request, obj)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Row | None = None
    ) -> tuple[str, ...]:
        return self.changeform.readonly_fields(request, obj)

    def get_inlines(
        self, request: HttpRequest, obj: Row | None
    ) -> tuple[type[InlineModelAdmin[Any, Any]], ...]:
        return self.changeform.inlines(request, obj)

    def get_formset_kwargs(
        self,
        request: HttpRequest,
        obj: Row,
        inline: InlineModelAdmin[Any, Any],
        prefix: str,
    ) -> dict[str, Any]:
        options = super().get_formset_kwargs(request, obj, inline, prefix)
        return options | {"user": request_user(request), "query": request.GET}

    @repeatable
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"delete_button": self.removal.button} | (extra_context or {})
        return self.changeform.respond(request, object_id, form_url, context)

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self.removal.respond(request, object_id, extra_context)

    # --- History ----------------------------------------------------------------

    def history_rows(self, request: HttpRequest, row: Row) -> QuerySet[Event]:
        """Return the events about a row that the user may read, newest first."""
        return history_of(request, self.resource_type, row.pk)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        found = list(self.history_rows(request, row)[:MAX_HISTORY])
        events = present_events(
            without_repeats(found), request, technical=False, page_of=row
        )
        context = {
            **self.admin_site.each_context(request),
            "title": _("History"),
            "subtitle": str(row),
            "opts": self.opts,
            "object": row,
            "events": events,
        }
        return TemplateResponse(request, "admin/object_history.html", context)
