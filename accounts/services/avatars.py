"""Set, remove and serve the pictures of people."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from datetime import datetime
from itertools import islice

from django.db import transaction

from accounts import avatar_files
from accounts.images import resized
from accounts.models import AVATAR_NAME, Avatar, User
from accounts.services.people import lock_person
from core import events
from core.maintenance import BATCH


@transaction.atomic
def set_avatar(
    *,
    actor: User,
    image: bytes,
    now: datetime,
    expected: Container[str] | None = None,
) -> User:
    """Give the actor a picture: an image as `square_image` returns it."""
    person: User = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    person.expect(expected)
    name = name_of(person, image)
    if name != person.avatar:
        Avatar.objects.filter(user=person).delete()
        Avatar.objects.create(user=person, name=name, image=image, created_at=now)
        _record(person, name, actor=person, now=now)
    return person


@transaction.atomic
def remove_avatar(
    *,
    actor: User,
    person: User,
    now: datetime,
    expected: Container[str] | None = None,
) -> User:
    """Remove the picture of a person: one's own, or that of a person one manages."""
    if actor == person:
        person = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        person.expect(expected)
    else:
        person = lock_person(actor=actor, person=person, expected=expected)
    if person.avatar:
        Avatar.objects.filter(user=person).delete()
        _record(person, "", actor=actor, now=now)
    return person


def name_of(person: User, image: bytes) -> str:
    """Return the name of a person's picture.

    It depends on the person as well: the files of a picture can be removed although
    somebody else has the same picture.
    """
    return hashlib.sha256(person.pk.bytes + image).hexdigest()[:AVATAR_NAME]


def file_content(name: str, size: int) -> bytes | None:
    """Return a picture in one of its sizes; None if nobody has such a picture."""
    found = Avatar.objects.filter(name=name)
    if kept := avatar_files.read(name, size):
        return kept if found.exists() else None
    master = found.values_list("image", flat=True).first()
    if master is None:
        return None
    image = resized(bytes(master), size)
    avatar_files.keep(name, size, image)
    return image


def sweep_files() -> Iterator[int]:
    """Delete files of pictures that nobody has; yield how many pictures, by batch."""
    names = avatar_files.kept_names()
    while batch := set(islice(names, BATCH)):
        used = Avatar.objects.filter(name__in=batch).values_list("name", flat=True)
        unused = batch.difference(used)
        for name in unused:
            avatar_files.forget(name)
        yield len(unused)
    yield avatar_files.delete_abandoned()


def _record(person: User, name: str, *, actor: User, now: datetime) -> None:
    """Change the name of the picture, and delete the previous files."""
    avatar_files.forget_after_commit(person.avatar)
    changes = person.change(by=actor, at=now, avatar=name)
    events.record(
        actor=actor, verb="user.changed", target=person, changes=changes, at=now
    )
