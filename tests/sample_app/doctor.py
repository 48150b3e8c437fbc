"""What doctor checks of bookmarks."""

from __future__ import annotations

from collections.abc import Iterator

from core.registry import DoctorCheck, RowCounter
from tests.sample_app.models import Bookmark


def find_bookmarks_of_removed_people(_counter: RowCounter) -> Iterator[str]:
    left = Bookmark.objects.exclude(owner__removed_at=None).order_by("pk")
    for pk in left.values_list("pk", flat=True).iterator():
        yield f"Bookmark {pk} belongs to a removed person."


CHECKS = (DoctorCheck("bookmarks", find_bookmarks_of_removed_people),)
