"""How fresh an answer is, told by the revisions of the lists it is made of."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db.models import Subquery, Sum, Value

from accounts.models import Installation, User
from todos.models import TodoList


def collection_tag(user: User, *, query: str, language: str) -> str:
    """Return an entity tag for what the person sees under a query (RFC 9110 §8.8.3).

    It costs one query and is read before the data: what changes afterwards changes
    the next tag. Nothing has to be invalidated.
    """
    revisions = (
        TodoList.objects.visible_to(user)
        .order_by()
        .annotate(one=Value(1))
        .values("one")
        .annotate(total=Sum("revision"))
        .values("total")
    )
    epoch, total = Installation.objects.values_list("epoch", Subquery(revisions)).get()
    parts = (
        epoch,
        settings.RELEASE,
        user.pk,
        user.access_version,
        total,
        query,
        language,
    )
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return f'W/"{digest[:32]}"'
