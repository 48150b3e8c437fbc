"""Rows as the API shows them, derived from the serializers once per process.

A serializer builds its fields for each instance and asks each field of each row what it
shows. Most show the value as it is, which the renderer then writes as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import time
from functools import cache
from operator import attrgetter
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from rest_framework import serializers

Serializer = type[serializers.BaseSerializer[Any]]
Getter = Callable[[Any], Any]

# Fields whose values the renderer writes as these fields would; subclasses as well.
_AS_THEY_ARE = (
    serializers.BooleanField,
    serializers.CharField,
    serializers.ChoiceField,
    serializers.DateField,
    serializers.DateTimeField,
    serializers.DictField,
    serializers.IntegerField,
    serializers.ListField,
    serializers.TimeField,
    serializers.UUIDField,
)


class Representation:
    """What a serializer shows of a row, of a model instance or of values alike.

    `columns` are the attributes that it reads, apart from those that methods read.
    """

    def __init__(self, serializer_class: Serializer) -> None:
        self.columns: list[str] = []
        self._serializer_class = serializer_class
        self._getters: dict[str, Getter] = {}
        self._methods: dict[str, str] = {}
        self._nested: dict[str, tuple[str, Representation]] = {}
        fields: Any = serializer_class()
        for field in fields._readable_fields:
            self._add(field)

    def _add(self, field: Any) -> None:
        name = field.field_name
        if isinstance(field, serializers.SerializerMethodField):
            self._getters[name] = lambda row: None  # keeps the order of the fields
            self._methods[name] = str(field.method_name)
        elif column := column_of(field):
            read = attrgetter(column)
            is_time = isinstance(field, serializers.TimeField)
            self._getters[name] = (lambda row: clock(read(row))) if is_time else read
            self.columns.append(column)
        elif isinstance(field, serializers.BaseSerializer):
            self._getters[name] = lambda row: None
            nested = representation_of(cast(Any, type(field)))
            self._nested[name] = str(field.source), nested
        else:
            raise ImproperlyConfigured(f"{type(field).__name__} is not represented.")

    def one(self, row: Any, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return one row by field names."""
        return self.many([row], context)[0]

    def many(
        self, rows: Iterable[Any], context: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return the rows by field names."""
        getters = self._getters.items()
        shown = [(row, {name: get(row) for name, get in getters}) for row in rows]
        if self._methods:
            serializer = self._serializer_class(context=context)
            for row, values in shown:
                for name, method in self._methods.items():
                    values[name] = getattr(serializer, method)(row)
        for name, (source, nested) in self._nested.items():
            for row, values in shown:
                values[name] = nested.one(getattr(row, source), context)
        return [values for _row, values in shown]


@cache
def representation_of(serializer_class: Any) -> Representation:
    return Representation(serializer_class)


def column_of(field: Any) -> str:
    """Return the attribute of a row that the field shows as it is, if there is one."""
    source: str = field.source
    if isinstance(field, serializers.ManyRelatedField):
        return f"{source.removesuffix('s')}_ids"
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return f"{source}_id"
    return source if isinstance(field, _AS_THEY_ARE) else ""


def clock(value: time | None) -> str | None:
    """Return a time as text: orjson omits a zero from 10 to 99 milliseconds."""
    return None if value is None else value.isoformat()
