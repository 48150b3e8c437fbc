"""Sessions in the database, with copies in the cache that are valid for one stamp.

Every write to one of a person's sessions sets a new stamp on the person's row, in the
same transaction. Every request reads that row anyway. A copy with the same stamp equals
the database, whatever the cache lost, kept or restored: see docs/decisions/0004.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.cache import cache
from django.db import OperationalError, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User


class SessionStore(DatabaseStore):
    """Django's sessions in the database, with copies in the cache."""

    def save(self, must_create: bool = False) -> None:
        try:
            with transaction.atomic():
                super().save(must_create)
                renew_stamp(self.get(SESSION_KEY))
        except UpdateError as error:
            # Django reports a busy database as a session that has ended.
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise

    @transaction.atomic
    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if row := self.model.objects.filter(session_key=key).first():
            row.delete()
            renew_stamp(row.get_decoded().get(SESSION_KEY))

    def read_copy(self) -> tuple[str, dict[str, Any]] | None:
        """Return the stamp and the data of the cached copy, if there is one.

        Once the session has been loaded, return None: it may have been changed.
        """
        if self.session_key is None or self.accessed:
            return None
        match cache.get(self._cache_key):
            case [str(stamp), str(data)]:
                return stamp, self.decode(data)
        return None

    def use_copy(self, data: dict[str, Any]) -> None:
        """Use the data of a copy that proved to be valid as the session's data."""
        self.accessed = True
        self._session_cache = data

    def keep_copy(self, stamp: str) -> None:
        """Cache a copy of the session as it is in the database.

        The session is read after the stamp: a write in between changes the stamp, so
        that the copy is never used.
        """
        now = timezone.now()
        rows = self.model.objects.filter(expire_date__gt=now)
        if row := rows.filter(session_key=self.session_key).first():
            left = (row.expire_date - now).total_seconds()
            cache.set(self._cache_key, (stamp, row.session_data), timeout=left)

    @property
    def _cache_key(self) -> str:
        return f"session.{self.session_key}"


class Copy(dict[str, Any]):
    """The data of a copy, which becomes invalid if Django wants to end the session."""

    is_valid = True

    def flush(self) -> None:
        self.is_valid = False

    cycle_key = flush


def find_user(request: HttpRequest) -> User | AnonymousUser:
    """Return the session's user as Django does, from the cached copy if it is valid."""
    session = cast(SessionStore, request.session)
    if found := session.read_copy():
        stamp, data = found
        copy = Copy(data)
        user = get_user(cast(Any, SimpleNamespace(session=copy)))
        if copy.is_valid and stamp == stamp_of(user):
            session.use_copy(data)
            return user
    user = get_user(request)
    if settings.REDIS_URL and (stamp := stamp_of(user)):
        session.keep_copy(stamp)
    return user


def stamp_of(user: User | AnonymousUser) -> str:
    """Return the stamp on the person's row; empty for anonymous users."""
    return str(getattr(user, "session_stamp", None) or "")


def renew_stamp(person: str | None) -> None:
    """Invalidate every copy of this person's sessions."""
    if person is not None:
        User.objects.filter(pk=person).update(session_stamp=uuid4())
