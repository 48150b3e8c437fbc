"""HTML of people: their picture, or their initials on a colour of their own.

Both have a fixed size, so that nothing moves when an image arrives. They are decoration
beside the name, so screen readers skip them.
"""

from __future__ import annotations

from django.utils.safestring import SafeString

from accounts.models import User
from core.html import format_html

SMALL, LARGE = 24, 96  # CSS pixels
TINTS = 8  # classes in static/look/base.css: the policy forbids styles in pages


def picture(person: User, size: int = SMALL) -> SafeString:
    """Return the picture of a person, `size` CSS pixels wide, or their initials."""
    kind = "avatar-large" if size == LARGE else "avatar"
    if not person.avatar:
        # The end of an id is random; its beginning is a time. The initials have a
        # direction of their own, so that the picture comes first in every language.
        return format_html(
            '<span class="{} initials tint-{}" dir="auto" aria-hidden="true">{}</span>',
            kind,
            person.pk.int % TINTS,
            initials(str(person)),
        )
    # Screens have up to three times as many pixels.
    return format_html(
        '<img class="{}" src="{}" srcset="{} 2x" width="{}" height="{}" alt=""'
        ' loading="lazy" decoding="async">',
        kind,
        person.avatar_path(size),
        person.avatar_path(2 * size),
        size,
        size,
    )


def person_with_name(person: User) -> SafeString:
    """Return the picture and the name of a person."""
    name = str(person)
    return format_html(
        '<span class="person" title="{}">{}'
        '<span class="person-name" dir="auto">{}</span></span>',
        name,
        picture(person),
        name,
    )


def initials(name: str) -> str:
    """Return the first letters of the first two words."""
    return "".join(part[0] for part in name.split()[:2]).upper()
