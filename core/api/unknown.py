"""What to say about a name that a request should not contain."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

# What other services call the parameters that ours have by other names.
COMMON_ALIASES = {
    "limit": "page_size",
    "order": "ordering",
    "order_by": "ordering",
    "per_page": "page_size",
    "q": "search",
    "query": "search",
    "size": "page_size",
    "sort": "ordering",
    "sort_by": "ordering",
    "status": "state",
    "text": "content",
    "title": "content",
}


def unknown_name(name: object, known: Collection[str], message: Any) -> str:
    """Return the message, with the name that was probably meant, or those known."""
    if (meant := COMMON_ALIASES.get(str(name), "")) not in known:
        meant = next(iter(get_close_matches(str(name)[:64], known, n=1)), "")
    if meant:
        hint = _("Did you mean %s?") % meant
    elif known:
        hint = _("Valid names: %s.") % ", ".join(sorted(known))
    else:
        return str(message)
    # Chinese puts no space between sentences.
    return _("%(message)s %(hint)s") % {"message": message, "hint": hint}
