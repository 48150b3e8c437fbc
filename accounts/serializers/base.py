"""Strict serializers: unknown fields and wrong types are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.models import User

# What a JSON value must be for each kind of field: a number is no text.
_JSON_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], type], ...] = (
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.CharField, str),
    (serializers.DateTimeField, str),
    (serializers.DateField, str),
    (serializers.TimeField, str),
    (serializers.RelatedField, str),
    (serializers.ManyRelatedField, list),
    (serializers.ListField, list),
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know and, in JSON, values of another type."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            errors = self._unknown(data)
            if not isinstance(data, QueryDict):
                errors |= self._mistyped(data)
            if errors:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, Any]:
        known = {name for name, field in self.fields.items() if not field.read_only}
        message = serializers.ErrorDetail(
            _("This field is not known."), "unknown_field"
        )
        return {str(name): [message] for name in data if name not in known}

    def _mistyped(self, data: Mapping[str, Any]) -> dict[str, Any]:
        errors = {}
        for name, field in self.fields.items():
            value = data.get(name)
            if value is not None and not has_json_type(field, value):
                errors[name] = [
                    serializers.ErrorDetail(_("This has the wrong type."), "wrong_type")
                ]
        return errors


def has_json_type(field: Any, value: Any) -> bool:
    """Tell whether a JSON value is of the type that the field is written as."""
    if isinstance(field, serializers.ChoiceField):
        return isinstance(value, type(next(iter(field.choices)))) and not (
            isinstance(value, bool)
        )
    for kind, wanted in _JSON_TYPES:
        if isinstance(field, kind):
            return isinstance(value, wanted) and (
                wanted is not int or (value is not True and value is not False)
            )
    return True


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """A ModelSerializer that is strict."""


class ScopedRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A reference to a row that the person may see; any other does not exist."""

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()
        if queryset is None:
            return None
        user: User = self.context["request"].user
        return queryset.visible_to(user)


def person_id(**options: Any) -> Any:
    """Return a read-only field that names a person by id without loading them."""
    return serializers.PrimaryKeyRelatedField(read_only=True, **options)
