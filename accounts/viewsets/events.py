"""The event log, for those who audit."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import (
    ChoiceFilter,
    IdFilter,
    MomentFilter,
    StrictFilterSet,
    TextFilter,
)
from accounts.models import Event, Source
from accounts.scoping import Order
from accounts.serializers.people import EventSerializer
from accounts.viewsets.base import ScopedViewSet


class EventFilter(StrictFilterSet):
    """By actor, subject, source, request and time."""

    actor_id = IdFilter(help_text="What this person did.")
    resource_type = TextFilter(max_length=32, help_text="Such as todo.")
    resource_id = TextFilter(max_length=64, help_text="What happened to this row.")
    verb = TextFilter(max_length=64, help_text="Such as todo.finished.")
    source = ChoiceFilter(
        choices=Source.choices, help_text="What came through this door."
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


class EventViewSet(ScopedViewSet):
    """What was done: who, when, to what."""

    resource = "events"
    required = {"list": "accounts.view_event", "retrieve": "accounts.view_event"}
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    filterset_class = EventFilter
    orders = {"-at": Order("at", True), "at": Order("at")}

    def get_serializer_context(self) -> dict[str, Any]:
        streams = import_string(settings.STREAMS_VISIBLE_TO)
        context = super().get_serializer_context()
        return {**context, "visible_streams": streams(self.user)}

    def list(self, request: Request) -> Response:
        """List events, newest first."""
        return self.page(self.query(self.get_queryset()))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one event."""
        return Response(self.present(self.get_object()))
