"""Preconditions of requests (RFC 9110 §13.2.2): entity tags; no row has a date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[\s,]*{_TAG}(?:\s*,[\s,]*{_TAG})*[\s,]*")


class TagMalformed(Invalid):
    code = "etag_malformed"
    message = _('If-Match takes * or entity tags in double quotes, such as "3".')


# Separates the state of a row from the digest of what else its representation shows.
DIGEST_MARK = "."
# Stands for a collection in If-Match and If-None-Match, where only * should match.
COLLECTION = "collection"


class AnyState:
    """The states that `*` names: every state of a row that exists."""

    def __contains__(self, state: object) -> bool:
        return True


ANY = AnyState()
States = frozenset[str] | AnyState


@dataclass(frozen=True)
class Preconditions:
    """The states of a row in which a write may take effect.

    Services compare them with the row under its lock, as with a set of states.
    """

    allowed: States = ANY
    refused: States = frozenset()

    def __contains__(self, state: object) -> bool:
        return state in self.allowed and state not in self.refused


def preconditions_of(request: Any) -> Preconditions:
    """Return the preconditions of a write; refuse a malformed If-Match.

    A malformed If-None-Match counts as missing, as for reads.
    """
    match = request.headers.get("If-Match", "*")
    none_match = request.headers.get("If-None-Match", "")
    if match.strip() != "*" and not _TAGS.fullmatch(match):
        raise TagMalformed(field="If-Match")
    return Preconditions(_states(match), _states(none_match))


def _states(header: str) -> States:
    """Return the states that the header names.

    Weak tags are accepted, since proxies that compress weaken strong ones. What follows
    DIGEST_MARK is about data of other rows, which a write does not overwrite.
    """
    if header.strip() == "*":
        return ANY
    if not _TAGS.fullmatch(header):
        return frozenset()
    tags = [tag.removeprefix("W/")[1:-1] for tag in re.findall(_TAG, header)]
    return frozenset(tag.partition(DIGEST_MARK)[0] for tag in tags)


def conditional_response(
    request: HttpRequest,
    *,
    etag: str | None = None,
    response: HttpResponse | None = None,
) -> HttpResponse | None:
    """Return 304 or 412 if a precondition of a read fails, otherwise the response.

    If-Unmodified-Since is ignored without a date to compare (RFC 9110 §13.1.4).
    """
    request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
    return get_conditional_response(request, etag=etag, response=response)
