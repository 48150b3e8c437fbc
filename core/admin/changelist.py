"""The changelist of a model: columns, filters, order, search and navigation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.admin import ListFilter, ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from core.admin.urls import page_url
from core.scoping import ScopedQuerySet
from core.site import NavItem

Column = str | Callable[[Any], object]


class Changelist:
    """The parts of a changelist; each may depend on the request."""

    view_class: type[ChangeList] = ChangeList

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
