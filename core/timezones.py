"""Time zones by their IANA names, and how people choose one."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.dates import get_timezone_location
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language, override, to_locale
from django.utils.translation import gettext_lazy as _

# The first part of a zone's name. Zones of other names are aliases or have no place.
REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}
LANGUAGES_KEPT = 8  # each with the offsets of one day

Choice = tuple[str, str]
Region = tuple[str, tuple[Choice, ...]]


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all zones known here, such as Asia/Shanghai."""
    return frozenset(available_timezones() - {"localtime"})


@cache
def canonical_zones() -> tuple[str, ...]:
    """Return the zones of `zone.tab`: at least one for each country, and no aliases."""
    table = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line[:1] != "#")
    return tuple(row[2] for row in rows if row[2] in zone_names())


def zone_choices() -> tuple[Choice | Region, ...]:
    """Return the zones to choose from: in the active language, grouped by region.

    Each has its offset of today; a region's zones are sorted from west to east.
    """
    groups = _grouped_zones(get_language() or "en", timezone.now().date())
    return ("UTC", "UTC"), *groups


@lru_cache(maxsize=LANGUAGES_KEPT)
def _grouped_zones(language: str, day: date) -> tuple[Region, ...]:
    locale = Locale.parse(to_locale(language))
    noon = datetime.combine(day, time(12), UTC)
    zones: dict[str, list[tuple[timedelta, str, str]]] = {name: [] for name in REGIONS}
    for zone in canonical_zones():
        offset = noon.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
        place = get_timezone_location(zone, locale=locale, return_city=True)
        zones[zone.partition("/")[0]].append((offset, place, zone))
    with override(language):
        return tuple(
            (
                str(REGIONS[region]),
                tuple(
                    (zone, f"{place} ({offset_name(offset)})")
                    for offset, place, zone in sorted(found)
                ),
            )
            for region, found in zones.items()
        )


def offset_name(offset: timedelta) -> str:
    """Return an offset as people know it, such as UTC+05:30."""
    minutes = round(offset.total_seconds() / 60)
    sign = "−" if minutes < 0 else "+"
    return "UTC{}{:02}:{:02}".format(sign, *divmod(abs(minutes), 60))


def validate_zone(name: str) -> None:
    """Refuse a name that is not an IANA time zone."""
    if name not in zone_names():
        raise ValidationError(
            _("This is not an IANA time zone."), code="unknown_time_zone"
        )
