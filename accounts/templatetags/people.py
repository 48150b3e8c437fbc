"""Template filters that show people."""

from __future__ import annotations

from django import template

from accounts import pictures
from accounts.models import User

register = template.Library()


@register.filter
def picture(person: object) -> str:
    """Return the picture of a person; nothing for the system and other rows."""
    return pictures.picture(person) if isinstance(person, User) else ""


@register.filter
def large_picture(person: User) -> str:
    """Return the picture of a person for the head of a page."""
    return pictures.picture(person, pictures.LARGE)
