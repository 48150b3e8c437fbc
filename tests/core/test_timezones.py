"""The time zones that people choose from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from accounts.admin.forms import ZoneField
from core.timezones import canonical_zones, offset_name, zone_choices, zone_names


def offered() -> dict[str, str]:
    """Return the labels by zone, in the active language."""
    groups: Any = zone_choices()
    zones = dict(zone for _region, found in groups[1:] for zone in found)
    return zones | dict(groups[:1])


def test_zones_are_canonical_grouped_and_sorted_by_offset():
    groups: Any = zone_choices()
    assert [region for region, _zones in groups][:3] == ["UTC", "Africa", "America"]
    assert "−" in groups[2][1][0][1]  # the west of America
    zones = offered()
    assert set(zones) <= zone_names()
    assert zones.keys().isdisjoint({"Factory", "W-SU", "Zulu", "EST5EDT", "GB", "PRC"})
    assert zones["Asia/Shanghai"] == "Shanghai (UTC+08:00)"
    assert zones["Asia/Kolkata"] == "Kolkata (UTC+05:30)"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_zone_has_a_place_in_each_language(language):
    with translation.override(language):
        labels = list(offered().values())
    assert len(labels) == len(canonical_zones()) + 1
    if language == "zh-hans":
        assert [one for one in labels if one.partition(" (")[0].isascii()] == ["UTC"]


@pytest.mark.parametrize(
    ("minutes", "name"),
    [(0, "UTC+00:00"), (330, "UTC+05:30"), (-570, "UTC−09:30"), (825, "UTC+13:45")],
)
def test_an_offset_is_written_with_its_sign(minutes, name):
    assert offset_name(timedelta(minutes=minutes)) == name


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "EST5EDT"])
def test_another_zone_is_kept_and_offered_where_it_is_the_value(zone):
    field = ZoneField()
    assert field.clean(zone) == zone
    widget: Any = field.widget
    assert f'<option value="{zone}" selected>' in widget.render("zone", zone)
    assert zone not in widget.render("zone", "UTC")
