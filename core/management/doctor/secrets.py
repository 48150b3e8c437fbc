"""Check that the stored secrets can be decrypted."""

from __future__ import annotations

from collections.abc import Iterator

from core.models import StoredSecret
from core.registry import DoctorCheck, RowCounter
from core.secrets import find_unreadable


def find_unreadable_secrets(counter: RowCounter) -> Iterator[str]:
    for problem in find_unreadable():
        counter.add(1)
        if problem:
            yield problem


CHECKS = (
    DoctorCheck("secrets", find_unreadable_secrets, size=StoredSecret.objects.count),
)
