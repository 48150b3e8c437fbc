"""Many rows in one request body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core.api.exceptions import MAX_ERRORS
from core.api.serializers import ScopedRelatedField, ScopedRelatedFields


class BatchSerializer(serializers.ListSerializer[Any]):
    """Bodies of one kind; the rows that they refer to are found with few queries.

    After MAX_ERRORS refused bodies, the rest is not looked at.
    """

    child: serializers.Serializer[Any]
    max_length: int
    refused = 0

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, list) and len(data) <= self.max_length:
            self._find_references([one for one in data if isinstance(one, Mapping)])
        return super().to_internal_value(data)

    def run_child_validation(self, data: Any) -> Any:
        if self.refused >= MAX_ERRORS:
            return {}
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError:
            self.refused += 1
            raise

    def _find_references(self, bodies: list[Mapping[str, Any]]) -> None:
        for name, field in self.child.fields.items():
            values = [body[name] for body in bodies if name in body]
            if isinstance(field, ScopedRelatedFields):
                lists = (value for value in values if isinstance(value, list))
                field.child_relation.find_first(one for many in lists for one in many)
            elif isinstance(field, ScopedRelatedField):
                field.find_first(values)
