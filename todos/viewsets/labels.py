"""Endpoints of labels."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import IdFilter, StrictFilterSet
from core.scoping import Order
from todos.models import Label
from todos.serializers.lists import LabelChangeSerializer, LabelSerializer
from todos.services.labels import add_label, edit_label, remove_label
from todos.viewsets.base import ListScopedViewSet


class LabelFilter(StrictFilterSet):
    """By list."""

    list = IdFilter(field_name="list_id", help_text="Labels of this list.")

    class Meta:
        model = Label
        fields: tuple[str, ...] = ()


class LabelViewSet(ListScopedViewSet[Label]):
    """Labels of the lists that the person sees."""

    resource = "labels"
    required = {
        "list": "todos.view_label",
        "retrieve": "todos.view_label",
        "create": "todos.add_label",
        "partial_update": "todos.change_label",
        "destroy": "todos.delete_label",
    }
    queryset = Label.objects.all()
    serializer_class = LabelSerializer
    inputs = {"create": LabelSerializer, "partial_update": LabelChangeSerializer}
    examples = {
        "create": {
            "A label": {
                "list": "01997f3a-6c2e-7d41-9a53-1f0c8e5b7a10",
                "name": "urgent",
                "colour": "#c62828",
            }
        },
        "partial_update": {"Rename": {"name": "soon"}},
    }
    filters = LabelFilter
    orders = {"name": Order("name_key"), "-created_at": Order("created_at", True)}

    def list(self, request: Request) -> HttpResponseBase:
        """List labels by name."""
        return self.fresh_page(self.get_queryset())

    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one label."""
        return self.item(self.get_object())

    def create(self, request: Request) -> Response:
        """Add a label to a list."""
        label = add_label(actor=self.user, now=timezone.now(), **self.valid())
        return self.created(label)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename or recolour a label."""
        label = self.get_object()
        changed = edit_label(
            actor=self.user,
            label=label,
            expected=self.expected,
            now=timezone.now(),
            **self.valid(label),
        )
        return self.item(changed)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a label, also from the todos that have it."""
        remove_label(
            actor=self.user,
            label=self.get_object(),
            expected=self.expected,
            now=timezone.now(),
        )
        return Response(status=204)
