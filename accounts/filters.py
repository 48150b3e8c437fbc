"""Filters: allow-listed, and wrong values are refused rather than passed over."""

from __future__ import annotations

import django_filters


class StrictFilterSet(django_filters.FilterSet):
    """Knows the parameters it names; the view refuses any other."""
