"""What happens when somebody signs in, and when rights change."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone, translation

from accounts.models import ApiKey, Role, User
from accounts.services.people import adopt_settings
from core.freshness import EVERYONE, changed
from core.models import Installation


def adopt_settings_of_browser(*, request: HttpRequest, user: User, **_: Any) -> None:
    """At the first sign-in, take over the time zone and language of the browser.

    Django's own receiver, which sets `last_login`, runs after this one: accounts is
    installed before auth.
    """
    if user.last_login is None and "time_zone" in request.POST:
        adopt_settings(
            person=user,
            time_zone=request.POST["time_zone"],
            language=translation.get_language() or "",
            now=timezone.now(),
        )


@receiver(post_save, sender=User)
def announce_person(
    *, instance: User, update_fields: frozenset[str] | None = None, **_: object
) -> None:
    """Announce a change of a person, who may have been renamed or disabled."""
    changed(instance.pk)
    if update_fields != frozenset({"last_login"}):
        # Inside the transaction, all changes of people would wait for each other.
        transaction.on_commit(raise_people_revision, robust=True)


def raise_people_revision() -> None:
    """Let pages that name people be made again."""
    Installation.objects.update(people_revision=F("people_revision") + 1)


@receiver(post_save, sender=ApiKey)
def announce_key(*, instance: ApiKey, **_: object) -> None:
    """Announce a change of a key, which may have been revoked."""
    changed(instance.user_id)


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=Group.permissions.through)
@receiver(post_delete, sender=Group)
@receiver(post_delete, sender=Role)
def announce_rights(**_: object) -> None:
    """Announce that people have other roles, or roles permit something else."""
    changed(EVERYONE)
