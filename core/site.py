"""The admin site: open to every active user, scoped to what they may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from core.registry import registry
from core.repeated_pages import repeatable

FILTERS = "_changelist_filters"  # Django's name


def preserved_filters(request: HttpRequest) -> str:
    """Return the query string with the filters of the table that led to this page."""
    filters = request.GET.get(FILTERS)
    return urlencode({FILTERS: filters}) if filters else ""


@dataclass(frozen=True)
class NavItem:
    """An entry of the navigation."""

    label: str | Promise
    url: str
    icon: str
    section: str | Promise = ""
    colour: str = ""
    order: int = 100
    is_current: bool = False

    def match(self, request: HttpRequest) -> int:
        """Return how closely the entry matches the current page; 0 is not at all."""
        path, _sign, query = self.url.partition("?")
        if path != request.path:
            return 0
        wanted = set(QueryDict(query).items())
        return 1 + len(wanted) if wanted <= set(request.GET.items()) else 0


class SitePage(Protocol):
    """What the site requires of a model's admin, in addition to Django."""

    def has_view_permission(self, request: HttpRequest) -> bool: ...

    home_title: str | Promise

    def nav_items(self, request: HttpRequest) -> list[NavItem]: ...

    def home_context(self, request: HttpRequest) -> dict[str, Any]: ...


class ScopedAutocompleteView(AutocompleteJsonView):
    """Offers only the rows that the user may choose for the field."""

    def get_queryset(self) -> QuerySet[Any]:
        site: Any = self.admin_site
        source = site._registry.get(self.source_field.model)
        if source is None:
            raise PermissionDenied
        try:
            rows = source.choices_for(self.request, self.source_field.name)
        except LookupError:  # a relation that users do not choose
            raise PermissionDenied from None
        found, _distinct = self.model_admin.get_search_results(
            self.request, rows, self.term
        )
        return found


class PersonalAdminSite(AdminSite):
    """Open to every active user; each sees their own rows."""

    index_title = _("Home")
    site_url = None
    empty_value_display = "–"
    enable_nav_sidebar = False  # the templates have another navigation

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # it bypasses the services

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: object,
    ) -> None:
        """Register pages that scope their rows; raise ImproperlyConfigured for others.

        Django's own page for groups is ignored: the page for roles replaces it.
        """
        if getattr(admin_class, "is_scoped", False):
            super().register(model_or_iterable, admin_class, **options)
        elif getattr(admin_class, "__module__", "") != "django.contrib.auth.admin":
            raise ImproperlyConfigured(f"{admin_class} does not scope its rows.")

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active

    def get_urls(self) -> list[Any]:
        # The redirect to a row's public page would reveal which rows exist.
        return [
            url
            for url in super().get_urls()
            if getattr(url, "name", "") != "view_on_site"
        ]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        """Return nothing: the templates list `nav` instead, which costs less."""
        return []

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        context["preserved_filters"] = preserved_filters(request)
        context["most_bytes"] = registry.body_limit_of(request.path_info)
        if context["has_permission"] and not isinstance(request.user, AnonymousUser):
            context["nav"] = SimpleLazyObject(lambda: self.nav_items(request))
        return context

    def nav_items(self, request: HttpRequest) -> list[NavItem]:
        """Return the entries of the navigation that the user may open, in order."""
        home = NavItem(
            self.home_title(request), reverse("admin:index"), "today", order=0
        )
        items = [
            item
            for page in self._pages()
            if page.has_view_permission(request)
            for item in page.nav_items(request)
        ]
        items = [home, *sorted(items, key=lambda item: item.order)]
        current = max(items, key=lambda item: item.match(request))
        if current.match(request):
            items[items.index(current)] = replace(current, is_current=True)
        return items

    def home_title(self, request: HttpRequest) -> str | Promise:
        """Return the title of the home page: that of its main content, if any."""
        titles = (
            page.home_title
            for page in self._pages()
            if page.home_title and page.has_view_permission(request)
        )
        return next(titles, self.index_title)

    def facts_of(self, request: HttpRequest) -> Any:
        """Return what determines the home page and the rows of the person's lists.

        None if that is unknown; then their pages are always made.
        """
        return None

    @repeatable
    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the home page, to which every model may contribute."""
        context = {**self.each_context(request), "title": self.home_title(request)}
        for page in self._pages():
            context |= page.home_context(request)
        request.current_app = self.name
        return TemplateResponse(
            request, "admin/index.html", context | (extra_context or {})
        )

    def app_index(
        self,
        request: HttpRequest,
        app_label: str,
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Redirect home: apps have no index page."""
        return HttpResponseRedirect(reverse("admin:index"))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:  # type: ignore[override]
        return ScopedAutocompleteView.as_view(admin_site=self)(request)

    def _pages(self) -> Iterable[SitePage]:
        return cast(Iterable[SitePage], self._registry.values())
