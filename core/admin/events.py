"""Admin pages of the event log, for auditors."""

from __future__ import annotations

from functools import partial
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
from core.admin.changelist import Changelist
from core.admin.history import (
    event_phrase,
    field_label,
    present_events,
    subject_of,
)
from core.admin.permissions import request_user
from core.models import Event
from core.registry import registry
from core.text import fold, listed

LATEST = 10  # events on the home page


class SubjectFilter(admin.SimpleListFilter):
    """Filter events by the type of their subject."""

    title = gettext_lazy("subject")
    parameter_name = "about"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [
            (name, capfirst(subject.title))
            for name, subject in registry.subjects.items()
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Event]
    ) -> QuerySet[Event]:
        value = self.value()
        known = value in registry.subjects
        return queryset.filter(resource_type=value) if known else queryset


class EventChangelist(Changelist):
    """The table of events; the search uses indexes only."""

    def search(
        self, request: HttpRequest, rows: QuerySet[Event], term: str
    ) -> QuerySet[Event]:
        """Find events by the id of their subject, or by list or actor."""
        actors = get_user_model().objects.filter(username_key=fold(term))
        found = Q(resource_type__in=registry.subjects, resource_id=term)
        found |= Q(actor_id__in=list(actors.values_list("pk", flat=True)))
        try:
            key = UUID(term)
        except ValueError:
            return rows.filter(found)
        return rows.filter(found | Q(stream_id=key) | Q(actor_id=key))


@admin.register(Event)
class EventAdmin(ScopedModelAdmin[Event]):
    """The read-only pages of events: who did what, and when."""

    changelist_class = EventChangelist
    icon = "log"
    nav_order = 90
    nav_section = gettext_lazy("Team")
    list_display = ("at", "who", "what", "source", "fields_changed")
    list_display_links = ("at",)
    sortable_by = ()
    ordering = ("-at", "-pk")
    list_filter = (SubjectFilter,)
    search_fields = ("resource_id",)
    search_help_text = gettext_lazy("Full user name, or the ID of a row or list")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Event | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Event | None = None
    ) -> bool:
        return False

    @admin.display(description=gettext_lazy("who"))
    def who(self, event: Event) -> str:
        return event.actor_label or _("the system")

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: Event) -> str:
        return f"{subject_of(event)} {event_phrase(event)}"

    @admin.display(description=gettext_lazy("fields"))
    def fields_changed(self, event: Event) -> str:
        labels = (field_label(event, name) for name in event.changes)
        return listed(sorted(labels))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show one event; withhold changes in lists that the user cannot see."""
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
            "presented": present_events([event], request_user(request))[0],
        }
        return TemplateResponse(request, "admin/event.html", context)

    def home_context(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the latest events, which the home page shows if it has nothing else."""
        if not self.has_view_permission(request):
            return {}
        return {"latest_events": partial(self._latest, request)}

    def _latest(self, request: HttpRequest) -> list[Any]:
        events = list(self.get_queryset(request).order_by(*self.ordering)[:LATEST])
        return present_events(events, request_user(request), technical=False)

    def history_rows(self, request: HttpRequest, row: Event) -> QuerySet[Event]:
        return Event.objects.none()
