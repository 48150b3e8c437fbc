"""The event log in the API, for auditors."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from core.api.event_serializers import EventSerializer
from core.api.filters import (
    ChoiceFilter,
    IdFilter,
    MomentFilter,
    StrictFilterSet,
    TextFilter,
)
from core.api.viewsets import ScopedViewSet
from core.models import Event
from core.models.events import source_choices
from core.registry import registry
from core.scoping import Order


class EventFilter(StrictFilterSet):
    """Filter events by actor, subject, source, request and time."""

    actor_id = IdFilter(help_text="Events of this user.")
    resource_type = TextFilter(max_length=32, help_text="Type of row, such as user.")
    resource_id = TextFilter(max_length=64, help_text="Events about this row.")
    verb = TextFilter(max_length=64, help_text="Event type, such as user.created.")
    source = ChoiceFilter(
        choices=source_choices(), help_text="Events from this source."
    )
    request_id = TextFilter(
        max_length=64, help_text="Events of the request with this X-Request-ID."
    )
    at_from = MomentFilter(
        field_name="at", lookup_expr="gte", help_text="At or after this moment."
    )
    at_to = MomentFilter(
        field_name="at", lookup_expr="lte", help_text="At or before this moment."
    )

    class Meta:
        model = Event
        fields: tuple[str, ...] = ()


class EventViewSet(ScopedViewSet[Event]):
    """Who changed what, and when."""

    resource = "events"
    required = {"list": "core.view_event", "retrieve": "core.view_event"}
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filters = EventFilter
    created_column = "at"
    orders = {"-at": Order("at", True), "at": Order("at")}

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        return {**context, "visible_streams": registry.streams_visible_to(self.user)}

    def list(self, request: Request) -> Response:
        """List events, newest first."""
        return self.page(self.query(self.get_queryset()))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one event."""
        return Response(self.present(self.get_object()))
