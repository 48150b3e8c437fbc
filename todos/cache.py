"""Entity tags of collections, from the revisions of the lists that they show."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Subquery, Sum, Value

from accounts.models import User
from core.db.statements import Statement, compiled
from core.models import Installation
from todos.models import TodoList
from todos.querysets import VIEWER


def collection_tag(user: User, *, query: str, language: str) -> str:
    """Return an entity tag for a query and what the person sees (RFC 9110 §8.8.3).

    It costs one query and is read before the data, so a change in between changes
    the next tag. Nothing has to be invalidated. The access version and the revisions
    come from one statement: a sum over another set of lists has another version.
    """
    return tag_in_state(collection_state(user), query=query, language=language)


def tag_in_state(state: str, *, query: str, language: str) -> str:
    """Return the entity tag for a query in a state of what the person sees."""
    return f'W/"{_digest(state, query, language)[:32]}"'


def collection_state(user: User) -> str:
    """Return what identifies the state of all that the person sees."""
    facts = _facts_statement().rows(viewer=user.pk)
    return _digest(settings.RELEASE, user.pk, facts)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _facts_statement() -> Statement:
    """Return the access version, the epoch and the sum of all visible revisions."""
    epoch = Installation.objects.values("epoch")
    facts = User.objects.filter(pk=VIEWER).values_list(
        "access_version", Subquery(epoch), revisions_seen_by(VIEWER)
    )
    return compiled(facts)


def page_facts(user: User) -> Any:
    """Return what determines which todos, lists and names pages show to the person."""
    return _page_statement().rows(viewer=user.pk)


@cache
def _page_statement() -> Statement:
    installation = Installation.objects.order_by()
    facts = User.objects.filter(pk=VIEWER).values_list(
        "access_version",
        Subquery(installation.values("epoch")),
        Subquery(installation.values("people_revision")),
        revisions_seen_by(VIEWER),
    )
    return compiled(facts)


def revisions_seen_by(viewer: Any) -> Subquery:
    """Return the sum of the revisions of all lists that the person sees.

    Owners also see their lists in the trash.
    """
    lists = TodoList.objects.of_member(viewer).order_by().annotate(one=Value(1))
    return Subquery(lists.values("one").annotate(all=Sum("revision")).values("all"))
