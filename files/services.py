"""Keep, read, delete and sweep stored files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from itertools import chain, islice
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from core.errors import Broken, Conflict
from core.models import StoredSecret
from core.secrets import Unreadable, read_secret, store_secret
from core.users import User
from files.models import StoredFile
from files.receiving import ReceivedFile, StoreUnavailable
from files.stores import store
from files.streaming import Damaged, decrypt

# Longer than an upload or a backup takes.
GRACE = timedelta(days=1)
BATCH = 500
_OBJECT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}")


class QuotaExceeded(Conflict):
    code = "quota_exceeded"
    message = _("There is no room for this file. Delete files that you do not need.")


class FileDamaged(Broken):
    code = "file_damaged"
    message = _("The stored file is missing or damaged.")


def keep_file(received: ReceivedFile, *, actor: User, now: datetime) -> StoredFile:
    """Add the row of a received file, in the transaction of what refers to it."""
    _require_room(actor, received.size)
    row = StoredFile(
        id=received.id,
        size=received.size,
        media_type=received.media_type,
        sha256=received.sha256,
        secret=store_secret(received.key, now=now),
        uploaded_by=actor,
        created_at=now,
    )
    row.save(force_insert=True)
    return row


def delete_files(ids: Collection[UUID], *, now: datetime) -> None:
    """Delete files permanently: without their keys, nothing can read them.

    The objects stay in the store for a day: a backup that has begun contains them.
    """
    rows = StoredFile.objects.existing().filter(pk__in=ids)
    secrets = list(rows.values_list("secret", flat=True))
    rows.update(secret=None, deleted_at=now)
    StoredSecret.objects.filter(pk__in=secrets).delete()


def read_file(row: StoredFile, *, start: int = 0, stop: int | None = None) -> Content:
    """Return the content from `start` to `stop`; the first piece is verified already.

    Raise FileDamaged or StoreUnavailable. Later pieces raise Damaged or OSError.
    """
    stop = row.size if stop is None else stop
    with ExitStack() as opened:
        try:
            key = read_secret(row.secret)
            stream = opened.enter_context(closing(store().open(row.object_name)))
            pieces = decrypt(
                stream, key, row.pk.bytes, size=row.size, start=start, stop=stop
            )
            first = next(pieces)
        except (FileNotFoundError, Damaged, Unreadable) as error:
            raise FileDamaged from error
        except OSError as error:
            raise StoreUnavailable from error
        return Content(chain([first], pieces), opened.pop_all())


class Content:
    """The bytes of a file, as pieces to send; the object is closed at the end."""

    def __init__(self, pieces: Iterator[bytes], opened: ExitStack) -> None:
        self._pieces, self._opened = pieces, opened

    def __iter__(self) -> Iterator[bytes]:
        with self._opened:
            yield from self._pieces

    def close(self) -> None:
        self._opened.close()


def sweep(folder: str, *, now: datetime) -> Iterator[int]:
    """Delete the orphans in a folder of the store; yield how many at a time."""
    orphans = find_orphans(folder, now=now)
    while batch := list(islice(orphans, BATCH)):
        for name in batch:
            store().delete(name)
        StoredFile.objects.filter(pk__in=map(_id_in, batch)).delete()
        yield len(batch)


def find_orphans(folder: str, *, now: datetime) -> Iterator[str]:
    """Yield the names of the objects in a folder of the store that nothing needs.

    They are at least a day old: objects of files deleted since, and objects without a
    row, which an upload leaves behind if its process is killed.
    """
    before = now - GRACE
    names = (name for name in store().names(folder) if _is_older(name, before))
    while batch := list(islice(names, BATCH)):
        rows = StoredFile.objects.filter(pk__in=map(_id_in, batch))
        needed = set(rows.needed(since=before).values_list("pk", flat=True))
        yield from (name for name in batch if _id_in(name) not in needed)


def _is_older(name: str, before: datetime) -> bool:
    """Return whether an object of ours was made before a moment, which its id holds."""
    if not _OBJECT.fullmatch(name):
        return False  # something else, which is not ours to delete
    milliseconds = _id_in(name).int >> 80  # RFC 9562 §5.7
    return milliseconds < before.timestamp() * 1000


def _id_in(name: str) -> UUID:
    return UUID(name.rpartition("/")[2])


def _require_room(actor: User, size: int) -> None:
    # Uploads of one person wait here for each other, so that each sees the others.
    get_user_model().objects.select_for_update(no_key=True).get(pk=actor.pk)
    if StoredFile.objects.of(actor).total_size() + size > settings.USER_FILES_LIMIT:
        raise QuotaExceeded
