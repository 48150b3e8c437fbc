"""What happens to lists when people come and go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from accounts.signals import person_leaves, person_removed
from todos.services.lists import inbox_of
from todos.services.ownership import hand_over_lists, lock_lists_of


@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def give_inbox(*, instance: User, created: bool, raw: bool = False, **_: Any) -> None:
    """Give every new person an inbox, by whatever way they came."""
    if created and not raw:
        inbox_of(instance, now=instance.created_at)


@receiver(person_leaves)
def hold_lists(*, person: User, **_: Any) -> None:
    """Lock what a person who is about to be removed will give up."""
    lock_lists_of(person)


@receiver(person_removed)
def give_up_lists(*, person: User, actor: User | None, now: datetime, **_: Any) -> None:
    """Hand over or delete the lists of a removed person."""
    hand_over_lists(person=person, actor=actor, now=now)
