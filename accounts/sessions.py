"""Sessions lie in the database; the cache holds copies, each good for one stamp.

Whatever is written of a person's sessions puts another stamp on the person's row, in
the same transaction. The row is read with every request anyway, so a copy that bears
its stamp is what the database says, whatever the cache forgot, kept or brought back.
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
                stamp_anew(self.get(SESSION_KEY))
        except UpdateError as error:
            # Django takes a database that is busy for a session that has ended.
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise

    @transaction.atomic
    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if row := self.model.objects.filter(session_key=key).first():
            row.delete()
            stamp_anew(row.get_decoded().get(SESSION_KEY))

    def read_copy(self) -> tuple[str, dict[str, Any]] | None:
        """Return the stamp and the data of the copy, if there is one.

        There is none any more once the session was loaded: it may have been changed.
        """
        if self.session_key is None or self.accessed:
            return None
        match cache.get(self._name_of_copy):
            case [str(stamp), str(data)]:
                return stamp, self.decode(data)
        return None

    def take(self, data: dict[str, Any]) -> None:
        """Go on with data that proved to be what the database has."""
        self.accessed = True
        self._session_cache = data

    def keep_copy(self, stamp: str) -> None:
        """Copy what the database has.

        It is read after the stamp: what is written meanwhile has another one.
        """
        now = timezone.now()
        rows = self.model.objects.filter(expire_date__gt=now)
        if row := rows.filter(session_key=self.session_key).first():
            left = (row.expire_date - now).total_seconds()
            cache.set(self._name_of_copy, (stamp, row.session_data), timeout=left)

    @property
    def _name_of_copy(self) -> str:
        return f"session.{self.session_key}"


class Copy(dict[str, Any]):
    """The data of a copy, for Django to judge: what it would end is no good."""

    is_good = True

    def flush(self) -> None:
        self.is_good = False

    cycle_key = flush


def find_user(request: HttpRequest) -> User | AnonymousUser:
    """Return whose session it is, as Django does, by the copy where that holds."""
    session = cast(SessionStore, request.session)
    if found := session.read_copy():
        stamp, data = found
        copy = Copy(data)
        user = get_user(cast(Any, SimpleNamespace(session=copy)))
        if copy.is_good and stamp == stamp_of(user):
            session.take(data)
            return user
    user = get_user(request)
    if settings.REDIS_URL and (stamp := stamp_of(user)):
        session.keep_copy(stamp)
    return user


def stamp_of(user: User | AnonymousUser) -> str:
    """Return the stamp on the person's row; nobody has none."""
    return str(getattr(user, "session_stamp", None) or "")


def stamp_anew(person: str | None) -> None:
    """Make every copy of this person's sessions worthless."""
    if person is not None:
        User.objects.filter(pk=person).update(session_stamp=uuid4())
