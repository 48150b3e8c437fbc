"""Time zones by their IANA names."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all zones known here, such as Asia/Shanghai."""
    return frozenset(available_timezones() - {"localtime"})


def validate_zone(name: str) -> None:
    """Refuse a name that is not an IANA time zone."""
    if name not in zone_names():
        raise ValidationError(
            _("This is not an IANA time zone."), code="unknown_time_zone"
        )
