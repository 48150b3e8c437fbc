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
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from core.admin.base import ScopedModelAdmin
from core.admin.changelist import BoundedChangeList, Changelist
from core.admin.history import (
    field_label,
    names_in,
    present_event,
    present_events,
)
from core.db.state import database_state
from core.models import Event
from core.registry import registry
from core.repeated_pages import do_not_repeat
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


class EventChangeList(BoundedChangeList):
    """Events without those that repeat another one, with the names of their rows."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        events = super().get_queryset(request, exclude_parameters)
        # The events of one list, in contrast, are shown in full.
        is_of_stream = self.query and _uuid_of(self.query) is not None
        return events if is_of_stream else events.exclude(verb__in=registry.repeats)

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        shown = present_events(self.result_list, request, with_changes=False)
        for event, presented in zip(self.result_list, shown, strict=True):
            event.presented = presented


class EventChangelist(Changelist):
    """The table of events; the search uses indexes only."""

    view_class = EventChangeList

    def search(
        self, request: HttpRequest, rows: QuerySet[Event], term: str
    ) -> QuerySet[Event]:
        """Find events by the id of their subject, or by list or actor."""
        actors = get_user_model().objects.filter(username_key=fold(term))
        found = Q(resource_type__in=registry.subjects, resource_id=term)
        found |= Q(actor_id__in=list(actors.values_list("pk", flat=True)))
        key = _uuid_of(term)
        if key is None:
            return rows.filter(found)
        return rows.filter(found | Q(stream_id=key) | Q(actor_id=key))


def _uuid_of(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


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

    def facts_of(self, request: HttpRequest) -> Any:
        """Return the state of the database: whatever changes it is an event."""
        return database_state()

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
    def who(self, event: Any) -> str:
        return render_to_string("admin/actor.html", {"actor": event.presented.actor})

    @admin.display(description=gettext_lazy("what"))
    def what(self, event: Any) -> str:
        return render_to_string("admin/event_sentence.html", {"event": event.presented})

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
        names = names_in([event], request)
        presented = present_event(event, names)
        context = {
            **self.admin_site.each_context(request),
            "title": capfirst(presented.sentence),
            "opts": self.opts,
            "event": event,
            "presented": presented,
            "stream": names.of_stream(event),
        }
        return TemplateResponse(request, "admin/event.html", context)

    def home_context(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the latest events, which the home page shows if it has nothing else."""
        if not self.has_view_permission(request):
            return {}
        return {"latest_events": partial(self._latest, request)}

    def _latest(self, request: HttpRequest) -> list[Any]:
        do_not_repeat(request)
        events = list(self.get_queryset(request).order_by(*self.ordering)[:LATEST])
        return present_events(events, request, with_changes=False)

    def history_rows(self, request: HttpRequest, row: Event) -> QuerySet[Event]:
        return Event.objects.none()
