"""The event log, for those who audit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.base import ScopedModelAdmin
from core.admin.history import present, subject_of, verb_of
from core.admin.permissions import person_of
from core.models import Event
from core.registry import registry


class SubjectFilter(admin.SimpleListFilter):
    """What kind of row it was about."""

    title = gettext_lazy("subject")
    parameter_name = "about"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [(name, name) for name in registry.subjects]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        known = value in registry.subjects
        return queryset.filter(resource_type=value) if known else queryset


@admin.register(Event)
class EventAdmin(ScopedModelAdmin):
    """Who did what, when: read and never written here."""

    icon = "log"
    nav_order = 90
    nav_section = gettext_lazy("Together")
    list_display = ("at", "who", "what", "source", "fields_changed")
    list_display_links = ("at",)
    sortable_by = ()
    ordering = ("-at", "-pk")
    list_filter = (SubjectFilter,)
    search_fields = ("resource_id",)
    search_help_text = gettext_lazy("A whole user name, or the id of a row or a list")
    actions = None

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        """Find by what is indexed: subject, list and actor."""
        term = search_term.strip()
        if not term:
            return queryset, False
        named = get_user_model().objects.filter(username=term)
        actors = list(named.values_list("pk", flat=True))
        found = Q(resource_type__in=registry.subjects, resource_id=term)
        found |= Q(actor_id__in=actors)
        try:
            key = UUID(term)
        except ValueError:
            return queryset.filter(found), False
        return queryset.filter(found | Q(stream_id=key) | Q(actor_id=key)), False

    @admin.display(description=gettext_lazy("who"))
    def who(self, event: Event) -> str:
        return event.actor_label or _("the system")

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: Event) -> str:
        return f"{subject_of(event)} {verb_of(event)}"

    @admin.display(description=gettext_lazy("fields"))
    def fields_changed(self, event: Event) -> str:
        return ", ".join(sorted(event.changes))

    def changeform_view(
        self,
        request: Any,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one event; what changed in a list, to those who see the list."""
        if object_id is None or request.method == "POST":
            raise PermissionDenied
        event = self.get_object(request, object_id)
        if event is None or not self.has_view_permission(request, event):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(self.what(event)),
            "opts": self.opts,
            "event": event,
            "told": present([event], person_of(request))[0],
        }
        return TemplateResponse(request, "admin/event.html", context)

    def history_rows(self, request: HttpRequest, row: Any) -> QuerySet[Event]:
        return Event.objects.none()
