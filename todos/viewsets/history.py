"""The history of a todo: its events in the lists that the person sees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from rest_framework.request import Request

from core.api.event_serializers import EventSerializer
from core.api.events import EventViewSet
from core.models import Event
from core.models.events import EventQuerySet
from core.registry import registry
from todos.models import Todo
from todos.viewsets.base import ListScopedViewSet


class HistoryViewSet(ListScopedViewSet[Event]):
    """The events of a todo."""

    resource = "todos"
    required = {"list": "todos.view_todo"}
    queryset = Event.objects.all()
    serializer_class = EventSerializer
    orders = EventViewSet.orders
    created_column = EventViewSet.created_column

    def get_queryset(self) -> EventQuerySet:
        # Scoped by the todo, not the event log: auditors see no additional events here.
        todos = Todo.objects.visible_to(self.user)
        todo = get_object_or_404(todos, pk=self.kwargs["todo_pk"])
        about = Event.objects.about("todo", todo.pk)
        return about.open_to(self.streams)

    @cached_property
    def streams(self) -> frozenset[UUID]:
        """Return the event streams that the person may read."""
        return registry.streams_visible_to(self.user)

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        return {**context, "visible_streams": self.streams}

    def list(self, request: Request, todo_pk: str) -> HttpResponseBase:
        """List the events of a todo, from the lists that you see."""
        return self.fresh_page(self.get_queryset())
