"""The changelist of a model: columns, filters, order, search and navigation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ListFilter, ModelAdmin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core.admin.paginator import BoundedPaginator
from core.admin.table import Column, Table
from core.admin.urls import page_url
from core.scoping import ScopedQuerySet
from core.site import NavItem


class BoundedChangeList(ChangeList):
    """A table with its range, its total, and links to the previous and next page.

    At most MAX_COUNTED rows are counted.
    """

    previous_page: str | None = None
    next_page: str | None = None
    first_shown: int | None = 1  # the number of the first row, if it was counted
    model_admin: Any  # a ScopedModelAdmin, which imports this module
    paginator: BoundedPaginator

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Return the parameters of filters; others, such as utm_source, are ignored."""
        known = {getattr(spec, "parameter_name", None) for spec in self.list_filter}
        known |= self.model_admin.allowed_lookups
        given: dict[str, Any] = super().get_filters_params(params)
        return {name: value for name, value in given.items() if name in known}

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.show_admin_actions = self.can_act
        self.first_shown = (self.page_num - 1) * self.list_per_page + 1
        if self.page_num > 1:
            self.previous_page = self.get_query_string({PAGE_VAR: self.page_num - 1})
        if self.page_num < self.paginator.num_pages:
            self.next_page = self.get_query_string({PAGE_VAR: self.page_num + 1})

    @property
    def table(self) -> Table:
        return Table(self)

    @property
    def can_act(self) -> bool:
        """Return whether a row that is shown can be selected."""
        return any(map(self.model_admin.bulk_actions.can_act_on, self.result_list))

    @property
    def total(self) -> str:
        """Return how many rows match, if they are more than shown, but not too many."""
        if self.paginator.is_long or self.result_count <= len(self.result_list):
            return ""
        return grouped(self.result_count)

    @property
    def range_shown(self) -> str:
        """Return which rows are shown, in the form of “1–50 of 1,234”."""
        first, total = self.first_shown, self.result_count
        if first is None:
            return self._number_of_rows
        last = first + len(self.result_list) - 1
        if last < first or (first == 1 and last == total):
            return ""  # all rows are shown
        numbers = {
            "first": grouped(first),
            "last": grouped(last),
            "total": grouped(total),
        }
        if last > total:
            return _("%(first)s–%(last)s") % numbers
        if self.paginator.has_uncounted:
            return _("%(first)s–%(last)s of more than %(total)s") % numbers
        return _("%(first)s–%(last)s of %(total)s") % numbers

    @property
    def _number_of_rows(self) -> str:
        total = {"total": grouped(self.result_count)}
        if self.paginator.has_uncounted:
            return _("more than %(total)s in total") % total
        return _("%(total)s in total") % total


def grouped(number: int) -> str:
    """Return the number with separators of thousands, if the language has them."""
    return number_format(number, use_l10n=True, force_grouping=True)


class Changelist:
    """The parts of a changelist; each may depend on the request."""

    view_class: type[BoundedChangeList] = BoundedChangeList

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    def columns(self, request: HttpRequest) -> Sequence[Column]:
        return self.model_admin.list_display

    def links(
        self, request: HttpRequest, columns: Sequence[Column]
    ) -> Sequence[Column] | None:
        """Return the columns that link to the row: by default, the first."""
        return self.model_admin.list_display_links or columns[:1]

    def filters(self, request: HttpRequest) -> Sequence[type[ListFilter]]:
        return self.model_admin.list_filter  # type: ignore[return-value]

    def ordering(self, request: HttpRequest) -> Sequence[str]:
        return self.model_admin.ordering or ()  # type: ignore[return-value]

    def sortable(self, request: HttpRequest) -> Sequence[Column]:
        chosen = self.model_admin.sortable_by
        return self.columns(request) if chosen is None else chosen

    def search(
        self, request: HttpRequest, rows: ScopedQuerySet[Any], term: str
    ) -> QuerySet[Any]:
        """Return the rows that match the search term, which is never empty."""
        return rows.holding(term) if self.model_admin.search_fields else rows

    def context(self, request: HttpRequest) -> dict[str, Any]:
        """Return additional template context."""
        return {"title": self._title}

    def nav_items(self, request: HttpRequest) -> list[NavItem]:
        """Return the navigation entries: the changelist, if `nav_order` is set."""
        page: Any = self.model_admin
        if page.nav_order is None:
            return []
        url = page_url(page.model, "changelist")
        section = page.nav_section
        return [NavItem(self._title, url, page.icon, section, order=page.nav_order)]

    @property
    def _title(self) -> str:
        return capfirst(str(self.model_admin.opts.verbose_name_plural))
