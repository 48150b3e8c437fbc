"""Signal receivers: inboxes for new people, successors for removed ones, changes."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from accounts.signals import person_leaves, person_removed
from core.freshness import changed
from todos.models import TodoList
from todos.services.lists import inbox_of
from todos.services.ownership import hand_over_lists, lock_lists_of


@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def create_inbox(
    *, instance: User, created: bool, raw: bool = False, **_: object
) -> None:
    """Give every new person an inbox, however they were added."""
    if created and not raw:
        inbox_of(instance, now=instance.created_at)


@receiver(person_leaves)
def lock_lists_before_removal(*, person: User, **_: object) -> None:
    """Lock the lists of a person who is about to be removed."""
    lock_lists_of(person)


@receiver(person_removed)
def hand_over_lists_of_removed(
    *, person: User, actor: User | None, now: datetime, **_: object
) -> None:
    """Hand over or delete the lists of a removed person."""
    hand_over_lists(person=person, actor=actor, now=now)


@receiver(post_save, sender=TodoList)
def announce_list(*, instance: TodoList, **_: object) -> None:
    """Announce a change in a list: each raises the revision of the list."""
    changed(instance.pk)
