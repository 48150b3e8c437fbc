"""Events as the API shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import StrictModelSerializer, help_texts
from core.models import Event


class EventSerializer(StrictModelSerializer):
    """An event. Changes in a list are shown only to users who can see the list.

    Everyone who may read the log sees who changed which fields, and when. Values from
    lists that they cannot see are withheld.
    """

    fields_changed = serializers.SerializerMethodField(
        help_text="Which fields changed."
    )
    changes = serializers.SerializerMethodField(
        help_text="{field: [before, after]}; null if you cannot see the list."
    )

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
        extra_kwargs = help_texts(
            at="When it happened.",
            actor_id="User who made the change; null for the system.",
            actor_label="The user name at that time.",
            stream_id="List that the event belongs to.",
            seq="Sequence number in that list, without gaps.",
        )

    def get_fields_changed(self, event: Event) -> list[str]:
        return sorted(event.changes)

    @extend_schema_field(
        {
            "type": ["object", "null"],
            "additionalProperties": {
                "type": "array",
                "items": {},  # of any type; generators require the keyword
                "minItems": 2,
                "maxItems": 2,
            },
        }
    )
    def get_changes(self, event: Event) -> dict[str, Any] | None:
        streams = self.context.get("visible_streams", frozenset())
        return event.changes if event.is_open_to(streams) else None
