"""The admin site: everyone who may sign in works here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

from django.contrib.admin import AdminSite
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class NavItem:
    """A place that the navigation leads to."""

    label: str | Promise
    url: str
    icon: str
    section: str | Promise = ""
    colour: str = ""
    order: int = 100
    is_current: bool = False

    def match(self, request: HttpRequest) -> int:
        """Return how closely the page that is shown is this place; 0 is another."""
        path, _sign, query = self.url.partition("?")
        wanted = set(QueryDict(query).items())
        fits = path == request.path and wanted <= set(request.GET.items())
        return 1 + len(wanted) if fits else 0


class ScopedAutocompleteView(AutocompleteJsonView):
    """Offers what the person may choose for the field, and nothing beside it."""

    def get_queryset(self) -> Any:
        site: Any = self.admin_site
        source = site._registry.get(self.source_field.model)
        if source is None:
            raise PermissionDenied
        try:
            rows = source.choices_for(self.request, self.source_field.name)
        except LookupError:  # a relation that nobody chooses
            raise PermissionDenied from None
        found, _distinct = self.model_admin.get_search_results(
            self.request, rows, self.term
        )
        return found


class PersonalAdminSite(AdminSite):
    """Open to every active person; what it shows is theirs."""

    index_title = _("Today")
    site_url = None
    empty_value_display = "–"
    enable_nav_sidebar = False  # there is one of our own

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")  # it deletes rows past the services

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Take pages that scope their rows, and no others.

        Django's own page for groups is passed over: roles have one here.
        """
        if getattr(admin_class, "is_scoped", False):
            super().register(model_or_iterable, admin_class, **options)
        elif getattr(admin_class, "__module__", "") != "django.contrib.auth.admin":
            raise ImproperlyConfigured(f"{admin_class} does not scope its rows.")

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active

    def get_urls(self) -> list[Any]:
        # The redirect to a row's public page would tell which rows exist.
        return [
            url
            for url in super().get_urls()
            if getattr(url, "name", "") != "view_on_site"
        ]

    def each_context(self, request: Any) -> dict[str, Any]:
        context = super().each_context(request)
        if context["has_permission"] and not isinstance(request.user, AnonymousUser):
            context["nav"] = SimpleLazyObject(lambda: self.nav(request))
        return context

    def nav(self, request: HttpRequest) -> list[NavItem]:
        """Return the places that the person may go to, in order."""
        home = NavItem(_("Today"), reverse("admin:index"), "today", order=0)
        items = [
            item
            for model_admin in self._registry.values()
            if model_admin.has_view_permission(request)
            for item in cast(Any, model_admin).nav(request)
        ]
        places = [home, *sorted(items, key=lambda item: item.order)]
        here = max(places, key=lambda item: item.match(request))
        if here.match(request):
            places[places.index(here)] = replace(here, is_current=True)
        return places

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Greet with what is due: every page may contribute to it."""
        context = {**self.each_context(request), "title": self.index_title}
        for model_admin in self._registry.values():
            context |= cast(Any, model_admin).home_context(request)
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
        """Lead home: nobody looks for an app."""
        return HttpResponseRedirect(reverse("admin:index"))

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:  # type: ignore[override]
        return ScopedAutocompleteView.as_view(admin_site=self)(request)
