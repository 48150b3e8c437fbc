"""Allow-listed filters; invalid values are refused, not ignored."""

# mypy: allow-subclassing-any
# (django-filter comes without types.)

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from core.characters import is_visible
from core.text import is_day, is_id, is_moment

EARLIEST = date(1900, 1, 1)
LATEST = date(2999, 12, 31)


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


class _DayField(forms.DateField):
    def to_python(self, value: Any) -> date | None:
        if value and not is_day(value):
            raise ValidationError(_("Give a date as YYYY-MM-DD."), code="invalid")
        return super().to_python(value)


class _MomentField(forms.DateTimeField):
    """Keeps the given offset, which determines the date."""

    def to_python(self, value: Any) -> datetime | None:
        if value and not is_moment(value):
            message = _("Give a moment as YYYY-MM-DDThh:mm:ss±hh:mm.")
            raise ValidationError(message, code="invalid")
        return super().to_python(value and value.upper())


class IdFilter(django_filters.Filter):
    """An id, as the API writes it."""

    field_class = _IdField
    schema = {"type": "string", "format": "uuid"}


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
