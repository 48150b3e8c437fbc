"""Filters: allow-listed, and wrong values are refused rather than passed over."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import django_filters
from django.core.validators import MaxValueValidator, MinValueValidator

EARLIEST = date(1900, 1, 1)
LATEST = date(2999, 12, 31)


class StrictFilterSet(django_filters.FilterSet):
    """Knows the parameters it names; the view refuses any other."""


class DayFilter(django_filters.DateFilter):
    """A date within the years that dates can be reckoned with."""

    def __init__(self, *args: Any, **options: Any) -> None:
        bounds = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
        super().__init__(*args, validators=bounds, **options)


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A moment (RFC 3339) within the years that moments can be reckoned with."""

    def __init__(self, *args: Any, **options: Any) -> None:
        bounds = [
            MinValueValidator(datetime(EARLIEST.year, 1, 1, tzinfo=UTC)),
            MaxValueValidator(datetime(LATEST.year, 12, 31, tzinfo=UTC)),
        ]
        super().__init__(*args, validators=bounds, **options)
