"""Who sends a request and what they may do, read with one statement."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS
from django.db.models import CharField, F, OuterRef, UUIDField, Value
from django.db.models.functions import Concat

from accounts.models import ApiKey, User
from core.db.lists import ListOf
from core.db.statements import Param, Row, Statement, columns_of, compiled

_USER, _KEY = columns_of(User), columns_of(ApiKey)
NO_SECRET = ""  # what a signed-only key has in place of the hash of a secret


class Unknown:
    """Keys that were not found a moment ago, so that a flood costs few statements.

    A new key is random, so it is never one of these. Only a restore can make one valid.
    """

    MOST = 1000
    SECONDS = 1.0

    def __init__(self) -> None:
        self._until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def holds(self, key: tuple[str, str]) -> bool:
        return self._until.get(key, 0) > monotonic()

    def add(self, key: tuple[str, str]) -> None:
        self._until[key] = monotonic() + self.SECONDS
        while len(self._until) > self.MOST:
            with suppress(KeyError):  # another thread was faster
                self._until.popitem(last=False)


unknown = Unknown()


def find_key(public_id: str, secret_hash: str) -> ApiKey | None:
    """Return the key with its user, or None.

    A signed-only key is found by its public id alone: its user has still to prove
    themselves by a signature.

    A wrong secret finds no row, whether or not the public id is known, so both take
    the same time. How the database compares hashes of 256 random bits reveals nothing
    that helps to find them.
    """
    if unknown.holds((public_id, secret_hash)):
        return None
    for row in _key_statement().rows(public_id=public_id, secret_hash=secret_hash):
        key = ApiKey.from_db(DEFAULT_DB_ALIAS, _KEY, row)
        key.user = _user(row[len(_KEY) :])
        return key
    unknown.add((public_id, secret_hash))
    return None


def find_user(pk: UUID) -> User | None:
    """Return the user with this id, or None."""
    for row in _user_statement().rows(pk=pk):
        return _user(row)
    return None


def _user(row: Row) -> User:
    user = User.from_db(DEFAULT_DB_ALIAS, _USER, row)
    user.role_names, permissions = row[len(_USER) :]
    if not user.is_superuser:  # who has all permissions, without a role
        user._perm_cache = set(permissions)  # type: ignore[attr-defined]
    return user


@cache
def _key_statement() -> Statement:
    found = ApiKey.objects.filter(
        public_id=Param("public_id", CharField()),
        secret_hash__in=[Param("secret_hash", CharField()), NO_SECRET],
    )
    columns = [*_KEY, *(f"user__{name}" for name in _USER)]
    return compiled(found.values_list(*columns, *_rights_of("user")))


@cache
def _user_statement() -> Statement:
    found = User.objects.filter(pk=Param("pk", UUIDField()))
    return compiled(found.values_list(*_USER, *_rights_of("pk")))


def _rights_of(user: str) -> tuple[ListOf, ListOf]:
    """Return the names of a user's roles and of the permissions that they grant."""
    roles = Group.objects.filter(user=OuterRef(user)).order_by("name")
    granted = Permission.objects.filter(group__user=OuterRef(user)).order_by()
    name: Any = Concat(
        "content_type__app_label", Value("."), "codename", output_field=CharField()
    )
    return (
        ListOf(roles.values(value=F("name"))),
        ListOf(granted.values(value=name).distinct()),
    )
