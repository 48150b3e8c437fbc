"""Template filters of changelists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()
TAG = len("<td")  # or <th: Django renders each cell as one of these


@register.filter
def labelled(
    cells: Sequence[SafeString], headers: Sequence[Mapping[str, Any]]
) -> Iterator[SafeString]:
    """Add the column's name to each cell of a row: narrow screens show no header."""
    for cell, header in zip(cells, headers, strict=True):
        if "action-checkbox" in header["class_attrib"]:  # named by its own label
            yield cell
            continue
        tag, rest = mark_safe(cell[:TAG]), mark_safe(cell[TAG:])  # noqa: S308
        yield format_html('{} data-label="{}"{}', tag, capfirst(header["text"]), rest)
