"""Template filters of the widgets of forms."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.safestring import SafeString

from core.html import format_html

register = template.Library()


@register.filter
def attributes(attrs: Mapping[str, object]) -> SafeString:
    """Return the attributes of an element, as Django's attrs.html shows them.

    Each page has dozens of widgets, for which including a template takes long.
    """
    html = ""
    for name, value in attrs.items():
        if value is True:
            html += format_html(" {}", name)
        elif value is not False:
            html += format_html(' {}="{}"', name, value)
    return SafeString(html)
