"""If-Match: the states of a row in which the client's request may take effect."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[\s,]*{_TAG}(?:\s*,[\s,]*{_TAG})*[\s,]*")


class TagMalformed(Invalid):
    code = "etag_malformed"
    message = _('If-Match takes * or entity tags in double quotes, such as "3".')


def expected_states(header: str | None) -> frozenset[str] | None:
    """Return the states that an If-Match names (RFC 9110 §13.1.1); None is any.

    Weak tags are accepted, since proxies that compress weaken strong ones.
    """
    if header is None or header.strip() == "*":
        return None
    if not _TAGS.fullmatch(header):
        raise TagMalformed(field="If-Match")
    return frozenset(tag.removeprefix("W/")[1:-1] for tag in re.findall(_TAG, header))
