"""Doctor checks of bookmarks."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from core.registry import DoctorCheck, RowCounter
from tests.sample_app.models import Bookmark
from tests.sample_app.services import remove_orphans


def find_orphans(_counter: RowCounter) -> Iterator[str]:
    for pk in Bookmark.objects.orphaned().values_list("pk", flat=True).iterator():
        yield f"Bookmark {pk} belongs to a removed person."


def repair_orphans() -> None:
    for _count in remove_orphans(now=timezone.now()):
        pass


CHECKS = (
    DoctorCheck("bookmarks", find_orphans, repair_orphans, "deletes these bookmarks"),
)
