"""HTML from templates and values.

Django's functions also accept lazy texts as templates and return lazy HTML for them,
which takes them several times as long; pages have more than a thousand of such parts.
"""

from __future__ import annotations

import html

from django.utils.safestring import SafeString


def format_html(template: str, *values: object) -> SafeString:
    """Return the template with the values, which are escaped unless they are HTML."""
    return SafeString(template.format(*map(escaped, values)))


def escaped(value: object) -> str:
    """Return the text of the value as HTML."""
    text = str(value)
    return text if isinstance(text, SafeString) else html.escape(text)
