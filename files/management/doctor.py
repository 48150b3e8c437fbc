"""Check that the store has the objects of all files, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from core.registry import DoctorCheck, RowCounter
from files.models import FOLDERS, StoredFile
from files.services import find_orphans, sweep
from files.stores import store
from files.streaming import ciphertext_size


def find_missing_objects(counter: RowCounter) -> Iterator[str]:
    files = StoredFile.objects.existing().order_by("pk")
    for row in files.iterator(chunk_size=1000):
        counter.add(1)
        try:
            size = store().size(row.object_name)
        except FileNotFoundError:
            size = None
        if size == ciphertext_size(row.size):
            continue
        if StoredFile.objects.existing().filter(pk=row.pk).exists():
            what = "is missing" if size is None else f"has {size:,} bytes"
            yield f"The object {row.object_name} of the file {row.pk} {what}."


def find_orphaned_objects(counter: RowCounter) -> Iterator[str]:
    now = timezone.now()
    for folder in FOLDERS:
        for name in find_orphans(folder, now=now):
            yield f"The object {name} belongs to no file."
        counter.add(1)


def delete_orphaned_objects() -> None:
    now = timezone.now()
    for folder in FOLDERS:
        for _count in sweep(folder, now=now):
            pass


CHECKS = (
    DoctorCheck(
        "file-objects",
        find_missing_objects,
        size=StoredFile.objects.existing().count,
    ),
    DoctorCheck(
        "file-orphans",
        find_orphaned_objects,
        delete_orphaned_objects,
        "deletes the objects",
        size=lambda: len(FOLDERS),
    ),
)
