"""What an answer depends on, read with one statement: rights, lists and revisions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db.models import CharField, F, OuterRef, Subquery
from django.db.models.functions import Now

from accounts.authentication import parts_of
from accounts.models import ApiKey, User
from core.db.lists import ListOf
from core.db.statements import Param, Statement, compiled
from core.models import Installation
from todos.cache import revisions_seen_by
from todos.models import TodoList
from todos.querysets import VIEWER


@dataclass(frozen=True, slots=True)
class Facts:
    """The state that determines the answers to a key; `digest` identifies it."""

    user: UUID
    access_version: int
    expires_at: datetime | None
    last_used_at: datetime | None
    now: datetime  # by the database
    is_suspended: bool
    digest: str


def facts_of(authorization: str) -> Facts | None:
    """Return the facts about a key that may be used, or None."""
    given = parts_of(authorization)
    if given is None:
        return None
    for row in _facts_statement().rows(public_id=given[0], secret_hash=given[1]):
        user, version, expires_at, used_at, suspended_until, now, *others = row
        is_suspended = suspended_until is not None and suspended_until > now
        digest = hashlib.sha256(repr((user, version, others)).encode()).hexdigest()
        return Facts(user, version, expires_at, used_at, now, is_suspended, digest)
    return None


def lists_of(user: UUID) -> tuple[int, list[UUID]]:
    """Return the person's access version and the lists that it stands for."""
    for version, lists in _lists_statement().rows(viewer=user):
        return version, lists
    return 0, []


@cache
def _facts_statement() -> Statement:
    found = ApiKey.objects.filter(
        public_id=Param("public_id", CharField()),
        secret_hash=Param("secret_hash", CharField()),
        revoked_at=None,
        user__is_active=True,
    )
    permitted = Permission.objects.filter(group__user=OuterRef("user"))
    installation = Installation.objects.order_by()
    columns = found.values_list(
        "user_id",
        "user__access_version",
        "expires_at",
        "last_used_at",
        Subquery(installation.values("cache_suspended_until")),
        Now(),
        "scopes",
        "user__is_superuser",
        Subquery(installation.values("epoch")),
        revisions_seen_by(OuterRef("user")),
        ListOf(permitted.order_by("pk").values(value=F("pk")), int),
    )
    return compiled(columns)


@cache
def _lists_statement() -> Statement:
    visible = TodoList.objects.of_member(cast(Any, OuterRef("pk"))).order_by("pk")
    found = User.objects.filter(pk=VIEWER).values_list(
        "access_version", ListOf(visible.values(value=F("pk")), UUID)
    )
    return compiled(found)
