"""Template filters for text that may be written from right to left.

They are built into the template engine of the settings. An element that contains
nothing but such text has `dir="auto"` instead, or is a `<bdi>`.
"""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString, mark_safe

from core.characters import isolate

register = template.Library()


@register.filter(name="isolate")
def isolate_in_sentence(text: object) -> str:
    """Return the text for a sentence or title; see `isolate`."""
    return isolate(str(text))


@register.filter
def auto_direction(cell: SafeString) -> SafeString:
    """Let the text of a cell, as the admin renders it, choose its direction."""
    tag, rest = cell[:3], cell[3:]
    return mark_safe(f'{tag} dir="auto"{rest}')  # noqa: S308  (the cell is safe)
