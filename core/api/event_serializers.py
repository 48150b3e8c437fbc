"""Events as the API shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import StrictModelSerializer
from core.models import Event


class EventSerializer(StrictModelSerializer):
    """An event. What changed in a list is shown to those who see the list.

    The log says to anyone who reads it that something changed, who did it and
    which fields; the content of lists that others keep stays withheld.
    """

    fields_changed = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = (
            "id",
            "at",
            "actor_id",
            "actor_label",
            "source",
            "request_id",
            "verb",
            "resource_type",
            "resource_id",
            "stream_id",
            "seq",
            "fields_changed",
            "changes",
        )
        read_only_fields = fields

    def get_fields_changed(self, event: Event) -> list[str]:
        return sorted(event.changes)

    @extend_schema_field(
        {"type": ["object", "null"], "additionalProperties": {"type": "array"}}
    )
    def get_changes(self, event: Event) -> dict[str, Any] | None:
        streams = self.context.get("visible_streams", frozenset())
        return event.changes if event.is_open_to(streams) else None
