"""The event log, for those who audit."""

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
    """By actor, subject, source, request and time."""

    actor_id = IdFilter(help_text="What this person did.")
    resource_type = TextFilter(max_length=32, help_text="Such as user.")
    resource_id = TextFilter(max_length=64, help_text="What happened to this row.")
    verb = TextFilter(max_length=64, help_text="Such as user.created.")
    source = ChoiceFilter(
        choices=source_choices(), help_text="What came through this door."
    )
    request_id = TextFilter(
        max_length=64, help_text="What this request did: its X-Request-ID."
    )
    at_from = MomentFilter(
        field_name="at", lookup_expr="gte", help_text="At this moment or later."
    )
    at_to = MomentFilter(
        field_name="at", lookup_expr="lte", help_text="At this moment or earlier."
    )

    class Meta:
        model = Event
        fields: tuple[str, ...] = ()


class EventViewSet(ScopedViewSet[Event]):
    """What was done: who, when, to what."""

    resource = "events"
    required = {"list": "core.view_event", "retrieve": "core.view_event"}
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filterset_class = EventFilter
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
