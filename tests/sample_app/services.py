"""Services that change bookmarks."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import datetime
from typing import TypedDict, Unpack

from django.db import transaction

from accounts.models import User
from core import events
from core.errors import Missing
from core.models import Changes
from core.rights import require
from tests.sample_app.models import Bookmark


class Editable(TypedDict, total=False):
    """The fields of a bookmark that can be edited."""

    title: str
    url: str


@transaction.atomic
def add_bookmark(
    *, actor: User, title: str, now: datetime, url: str = "", size: int | None = None
) -> Bookmark:
    """Add a bookmark."""
    require(actor, "bookmarks.add_bookmark")
    bookmark = Bookmark(owner=actor, title=title, url=url, size=size)
    bookmark.stamp(by=actor, at=now)
    bookmark.save(force_insert=True)
    _record("bookmark.created", bookmark, bookmark.created_changes(), actor, now)
    return bookmark


@transaction.atomic
def edit_bookmark(
    *,
    actor: User,
    bookmark: Bookmark,
    now: datetime,
    expected: Container[str] | None = None,
    **fields: Unpack[Editable],
) -> Bookmark:
    """Change the title or URL of a bookmark."""
    require(actor, "bookmarks.change_bookmark")
    row = _lock(actor, bookmark, expected)
    if changes := row.change(by=actor, at=now, **fields):
        _record("bookmark.changed", row, changes, actor, now)
    return row


@transaction.atomic
def remove_bookmark(
    *,
    actor: User | None,
    bookmark: Bookmark,
    now: datetime,
    expected: Container[str] | None = None,
) -> None:
    """Delete a bookmark permanently."""
    require(actor, "bookmarks.delete_bookmark")
    row = _lock(actor, bookmark, expected)
    _record("bookmark.removed", row, row.deleted_changes(), actor, now)
    row.delete()


def remove_orphans(*, now: datetime) -> Iterator[int]:
    """Delete the bookmarks of removed people; yield how many each transaction took."""
    for bookmark in Bookmark.objects.orphaned():
        remove_bookmark(actor=None, bookmark=bookmark, now=now)
        yield 1


def _lock(
    actor: User | None, bookmark: Bookmark, expected: Container[str] | None
) -> Bookmark:
    rows = Bookmark.objects.select_for_update()
    row = (rows.editable_by(actor) if actor else rows).filter(pk=bookmark.pk).first()
    if row is None:
        raise Missing
    row.expect(expected)
    return row


def _record(
    verb: str, bookmark: Bookmark, changes: Changes, actor: User | None, now: datetime
) -> None:
    """Record it in the stream of the owner, so that others cannot read the content."""
    entry = events.Entry(verb, bookmark, changes, stream_id=bookmark.owner.pk)
    events.record_many(actor=actor, entries=[entry], at=now)
