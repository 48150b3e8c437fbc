"""Entity tags of collections, from the revisions of the lists that they show."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db.models import Subquery, Sum, Value

from accounts.models import User
from core.models import Installation
from todos.models import TodoList


def collection_tag(user: User, *, query: str, language: str) -> str:
    """Return an entity tag for a query and what the person sees (RFC 9110 §8.8.3).

    It costs one query and is read before the data, so a change in between changes
    the next tag. Nothing has to be invalidated. The access version and the revisions
    come from one statement: a sum over another set of lists has another version.
    """
    revisions = (
        TodoList.objects.visible_to(user)
        .order_by()
        .annotate(one=Value(1))
        .values("one")
        .annotate(total=Sum("revision"))
        .values("total")
    )
    epoch = Installation.objects.values("epoch")
    facts = User.objects.filter(pk=user.pk).values_list(
        "access_version", Subquery(epoch), Subquery(revisions)
    )
    parts = (
        settings.RELEASE,
        user.pk,
        facts.get(),
        query,
        language,
    )
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return f'W/"{digest[:32]}"'
