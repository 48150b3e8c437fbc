"""Strict serializers: unknown fields and wrong types are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy, deepcopy
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from core.api.fields import DayField, LongTextField, MomentField, WallClockField
from core.api.unknown import unknown_name
from core.fields import LongText
from core.text import is_id
from core.users import User

MAX_ROWS = 100  # that one field can reference
MAX_UNKNOWN = 20  # unknown fields that a refusal names

# The JSON type that each kind of field requires: a number is not a string.
_JSON_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], type], ...] = (
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.CharField, str),
    (serializers.UUIDField, str),
    (serializers.DateTimeField, str),
    (serializers.DateField, str),
    (serializers.TimeField, str),
    (serializers.RelatedField, str),
    (serializers.ManyRelatedField, list),
    (serializers.ListField, list),
    (serializers.ListSerializer, list),
)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields and values of the wrong type."""

    _body: Mapping[str, Any] | None = None  # while it is validated

    def to_internal_value(self, data: object) -> Any:
        if isinstance(data, Mapping):
            errors = self._unknown(data) | self._mistyped(data)
            if errors:
                raise serializers.ValidationError(errors)
        if isinstance(data, QueryDict):
            data = self._values_of(data)
        if isinstance(data, Mapping):
            self._body = data
        return super().to_internal_value(data)

    def run_validators(self, value: Any) -> None:
        if self.validators:  # otherwise the framework would look at every field
            super().run_validators(value)

    @cached_property
    def _accepted(self) -> dict[str, Any]:
        return {n: field for n, field in self.fields.items() if not field.read_only}

    @cached_property
    def _types(self) -> dict[str, type | None]:
        return {name: json_type(field) for name, field in self._accepted.items()}

    @property
    def _writable_fields(self) -> Iterator[Any]:  # type: ignore[override]
        """Yield the fields to validate: of those not given, only those that matter."""
        for name, field in self._accepted.items():
            is_given = self._body is None or name in self._body
            if is_given or field.required or field.default is not serializers.empty:
                yield field

    def _values_of(self, form: QueryDict) -> dict[str, Any]:
        """Return a form's values as those of JSON: an empty one clears its field."""
        values: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name not in form:
                continue
            given = form.getlist(name)
            if takes_many(field):
                values[name] = [] if given == [""] else given
            elif given != [""]:
                values[name] = given[0]
            elif (empty := self._empty_value(field)) is not serializers.empty:
                values[name] = empty
        return values

    def _empty_value(self, field: Any) -> Any:
        """Return what an empty value in a form means.

        If the field cannot be empty, a new row gets its default; in a change, the field
        itself refuses the value.
        """
        if getattr(field, "allow_blank", False):
            return ""
        if field.allow_null:
            return None
        if field.required or self.partial:
            return ""
        return serializers.empty

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, Any]:
        known = self._accepted.keys()
        unknown = [name for name in data if name not in known][:MAX_UNKNOWN]
        return {
            str(name): [
                serializers.ErrorDetail(
                    unknown_name(name, known, _("This field is not known.")),
                    "unknown_field",
                )
            ]
            for name in unknown
        }

    def _mistyped(self, data: Mapping[str, Any]) -> dict[str, Any]:
        given = [(n, field) for n, field in self._accepted.items() if n in data]
        if isinstance(data, QueryDict):
            wrong = [n for n, field in given if not has_form_type(field, data, n)]
        else:
            types = self._types
            wrong = [n for n, _field in given if not has_json_type(data[n], types[n])]
        return {
            name: [serializers.ErrorDetail(_("This has the wrong type."), "wrong_type")]
            for name in wrong
        }


def has_form_type(field: Any, form: QueryDict, name: str) -> bool:
    """Return whether a form's values are files for a file field, otherwise text.

    Only lists accept several values.
    """
    values = form.getlist(name)
    many = takes_many(field)
    takes_file = isinstance(field, serializers.FileField)
    return (many or len(values) == 1) and all(
        isinstance(value, UploadedFile) == takes_file for value in values
    )


def takes_many(field: Any) -> bool:
    """Return whether the value of the field is a list."""
    return isinstance(field, serializers.ManyRelatedField | serializers.ListField)


def json_type(field: Any) -> type | None:
    """Return the type that a field requires of JSON values; None accepts all."""
    if isinstance(field, serializers.ChoiceField):
        return type(next(iter(field.choices)))
    for kind, wanted in _JSON_TYPES:
        if isinstance(field, kind):
            return wanted
    return None


def has_json_type(value: object, wanted: type | None) -> bool:
    """Return whether a JSON value has the type; a field itself may refuse null."""
    if wanted is None or value is None:
        return True
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def help_texts(**texts: str) -> dict[str, dict[str, str]]:
    """Return `extra_kwargs` that describe fields in the OpenAPI document."""
    return {name: {"help_text": text} for name, text in texts.items()}


class NoFields(StrictSerializer):
    """An empty request body."""


class StrictModelSerializer(StrictSerializer, serializers.ModelSerializer[Any]):
    """A ModelSerializer that is strict, also about dates and times."""

    made_fields: ClassVar[dict[str, Any]]

    def get_fields(self) -> dict[str, Any]:
        """Return new fields, copied from those that were made for the class."""
        made = type(self).__dict__.get("made_fields")
        if made is None:
            type(self).made_fields = made = super().get_fields()
        return {name: copied(field) for name, field in made.items()}

    def _empty_value(self, field: Any) -> Any:
        """Return the column's default if it stands for nothing, such as 0 or False."""
        model: Any = self.Meta.model
        columns = {column.name: column for column in model._meta.fields}
        column = columns.get(field.source)
        if column is not None and column.has_default() and not field.allow_null:
            default = column.get_default()
            if not default:
                return default
        return super()._empty_value(field)

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        LongText: LongTextField,
        models.DateField: DayField,
        models.DateTimeField: MomentField,
        models.TimeField: WallClockField,
    }


def copied(field: Any) -> Any:
    """Return a field that can be bound to another serializer.

    The framework would make it again, which takes several times as long.
    """
    has_children = hasattr(field, "child") or hasattr(field, "child_relation")
    is_nested = isinstance(field, serializers.BaseSerializer)
    return deepcopy(field) if has_children or is_nested else copy(field)


class ScopedRelatedField(serializers.PrimaryKeyRelatedField[Any]):
    """A reference to a row that the user may see; others count as missing."""

    found: dict[UUID, models.Model] | None = None  # by `find_first`

    @classmethod
    def many_init(cls, *args: object, **options: Any) -> Any:
        child = cls(*args, queryset=options.pop("queryset"))
        return ScopedRelatedFields(child_relation=child, **options)

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        if queryset is None:
            return None
        user: User = self.context["request"].user
        return queryset.visible_to(user)

    def to_internal_value(self, data: str) -> models.Model:
        if not is_id(data):
            self.fail("does_not_exist", pk_value=data[:64])
        pk = UUID(data)
        if (row := self.find([pk]).get(pk)) is None:
            self.fail("does_not_exist", pk_value=data)
        return row

    def find(self, ids: Collection[UUID]) -> dict[UUID, models.Model]:
        """Return the rows by their ids; those that the user may not see are missing."""
        if self.found is not None:
            return self.found
        return {row.pk: row for row in self.get_queryset().filter(pk__in=ids)}

    def find_first(self, values: Iterable[object]) -> None:
        """Find the rows of many values with one query, before each is validated."""
        texts = {one for one in values if isinstance(one, str)}
        ids = {UUID(text) for text in texts if is_id(text)}
        self.found = None if ids else {}
        self.found = self.find(ids)


class ScopedRelatedFields(serializers.ManyRelatedField):
    """References to rows that the user may see, found with one query."""

    child_relation: ScopedRelatedField
    max_rows = MAX_ROWS

    default_error_messages = {
        "too_many": gettext_lazy("Enter at most %d IDs.") % MAX_ROWS,
        "invalid_id": gettext_lazy("“{value}” is not an id."),
        "does_not_exist": gettext_lazy("There is no such row: {value}."),
    }

    def to_internal_value(self, data: object) -> list[models.Model]:
        if isinstance(data, str) or not hasattr(data, "__iter__"):
            self.fail("not_a_list", input_type=type(data).__name__)
        values = list(data)
        if len(values) > MAX_ROWS:
            self.fail("too_many")
        ids = list(dict.fromkeys(self._id(value) for value in values))
        rows = self.child_relation.find(ids)
        for pk in ids:
            if pk not in rows:
                self.fail("does_not_exist", value=pk)
        return [rows[pk] for pk in ids]

    def _id(self, value: object) -> UUID:
        if not isinstance(value, str) or not is_id(value):
            self.fail("invalid_id", value=str(value)[:64])
        return UUID(value)
