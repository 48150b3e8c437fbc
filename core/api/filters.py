"""Allow-listed filters; invalid values are refused, not ignored."""

# mypy: allow-subclassing-any
# (django-filter comes without types.)

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend

from core.characters import is_visible
from core.text import NO_SUCH_DAY, day_of, is_id, is_in_calendar, is_moment

EARLIEST = date(1900, 1, 1)
LATEST = date(2999, 12, 31)
MAX_IDS = 10  # in one parameter
_ID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class StrictFilterSet(django_filters.FilterSet):
    """Declares the parameters; the view refuses any other.

    A parameter without a value is refused: `list=` must not mean every list.
    """

    def is_valid(self) -> bool:
        is_valid = super().is_valid()
        for name in self.filters:
            if name in self.data and not is_visible(self.data[name]):
                blank = ValidationError(_("This may not be empty."), code="blank")
                self.form.add_error(name, blank)
                is_valid = False
        return bool(is_valid)


class _IdField(forms.CharField):
    def to_python(self, value: str | None) -> Any:
        if not value:
            return None
        if not is_id(value):
            raise ValidationError(_("Enter a valid UUID."), code="invalid")
        return UUID(value)


class _PersonField(_IdField):
    def to_python(self, value: str | None) -> Any:
        return value if value in {"me", "none"} else super().to_python(value)


class _IdsField(_IdField):
    def to_python(self, value: str | None) -> Any:
        parts = value.split(",") if value else []
        if len(parts) > MAX_IDS:
            too_many = _("Enter at most %d IDs.") % MAX_IDS
            raise ValidationError(too_many, code="too_many")
        if not all(is_id(part) for part in parts):
            malformed = _("Enter valid UUIDs, separated by commas.")
            raise ValidationError(malformed, code="invalid")
        return {UUID(part) for part in parts} or None


class _DayField(forms.DateField):
    def to_python(self, value: Any) -> date | None:
        return day_of(value) if value else None


class _MomentField(forms.DateTimeField):
    """Keeps the given offset, which determines the date."""

    def to_python(self, value: Any) -> datetime | None:
        if value and not is_moment(value):
            message = _("Give a moment as YYYY-MM-DDThh:mm:ss±hh:mm.")
            raise ValidationError(message, code="invalid")
        if value and not is_in_calendar(value):
            raise ValidationError(NO_SUCH_DAY, code="no_such_day")
        return super().to_python(value and value.upper())


class IdFilter(django_filters.Filter):
    """An id, as the API writes it."""

    field_class = _IdField
    schema = {"type": "string", "format": "uuid"}


class PersonFilter(django_filters.Filter):
    """A person's id; `me` for the requesting person, `none` for nobody."""

    field_class = _PersonField
    schema = {"type": "string", "pattern": f"^({_ID}|me|none)$"}

    def filter(self, rows: Any, value: UUID | str | None) -> Any:
        if value is None:
            return rows
        people = {"me": self.parent.request.user.pk, "none": None}
        key = people[value] if isinstance(value, str) else value
        return rows.filter(**{self.field_name: key})


class IdsFilter(django_filters.Filter):
    """Several ids, separated by commas."""

    field_class = _IdsField
    schema = {"type": "string", "pattern": f"^{_ID}(,{_ID}){{0,{MAX_IDS - 1}}}$"}


class DayFilter(django_filters.Filter):
    """A date in the supported range of years."""

    field_class = _DayField
    schema = {"type": "string", "format": "date"}

    def __init__(self, *args: object, **options: object) -> None:
        bounds = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
        super().__init__(*args, validators=bounds, **options)


class MomentFilter(django_filters.Filter):
    """A moment (RFC 3339) in the supported range of years."""

    field_class = _MomentField
    schema = {"type": "string", "format": "date-time"}

    def __init__(self, *args: object, **options: object) -> None:
        bounds = [
            MinValueValidator(datetime.combine(EARLIEST, time.min, UTC)),
            MaxValueValidator(datetime.combine(LATEST, time.max, UTC)),
        ]
        super().__init__(*args, validators=bounds, **options)


@cache
def with_creation_time(
    filters: type[StrictFilterSet], column: str
) -> type[StrictFilterSet]:
    """Return the filters, and `created_from` and `created_to` for this column."""
    bounds = {
        "created_from": MomentFilter(
            field_name=column,
            lookup_expr="gte",
            help_text="Created at this moment or later.",
        ),
        "created_to": MomentFilter(
            field_name=column,
            lookup_expr="lte",
            help_text="Created at this moment or earlier.",
        ),
    }
    return type(filters.__name__, (filters,), bounds)


class FilterBackend(DjangoFilterBackend):
    """Builds only the filters that the query contains."""

    def get_filterset(self, request: Any, queryset: Any, view: Any) -> StrictFilterSet:
        filters = with_only(view.filterset_class, view.given_filters)
        return filters(**self.get_filterset_kwargs(request, queryset, view))


@lru_cache(maxsize=256)
def with_only(
    filters: type[StrictFilterSet], names: frozenset[str]
) -> type[StrictFilterSet]:
    """Return the filters with these names."""
    only: type[StrictFilterSet] = type(filters.__name__, (filters,), {})
    kept = {name: one for name, one in filters.base_filters.items() if name in names}
    only.base_filters = OrderedDict(kept)
    return only


class ChoiceFilter(django_filters.TypedChoiceFilter):
    """One of several values."""

    def __init__(
        self, *args: object, choices: Iterable[tuple[Any, Any]], **options: object
    ) -> None:
        choices = list(choices)
        kind = type(choices[0][0])
        self.schema = {
            "type": "integer" if issubclass(kind, int) else "string",
            "enum": [value for value, _label in choices],
        }
        super().__init__(*args, choices=choices, coerce=kind, **options)


class TextFilter(django_filters.CharFilter):
    """Text of at most `max_length` characters."""

    def __init__(self, *args: object, max_length: int, **options: object) -> None:
        self.schema = {"type": "string", "pattern": r"\S", "maxLength": max_length}
        super().__init__(*args, max_length=max_length, **options)
