"""The people of the sample: members who cannot sign in until they get a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random
from secrets import token_hex
from typing import Any

from django.db import transaction

from accounts.images import square_image
from accounts.models import Role, User
from accounts.services.avatars import set_avatar
from accounts.services.passwords import hash_password
from accounts.services.people import add_person
from todos.management.sample.pictures import portrait
from todos.management.sample.texts import GIVEN_NAMES, LANGUAGES, ZONES

PREFIX = "sample-"
WITH_PICTURE = 12  # people; every second one of the first has a picture


@dataclass(frozen=True)
class Cast:
    """The sample people; the last one has been inactive for years."""

    people: list[User]

    @property
    def star(self) -> User:
        """Return the owner of the largest list."""
        return self.people[0]

    @property
    def quiet(self) -> User:
        """Return the person who has been inactive for years."""
        return self.people[-1]

    @property
    def busy(self) -> list[User]:
        return self.people[:-1] or self.people


@transaction.atomic
def make_cast(*, count: int, star: User | None, random: Random, now: datetime) -> Cast:
    """Create `count` people; `star`, if given, is an existing one."""
    # User names of two runs must differ, whatever the seed.
    run = token_hex(3)
    roles = list(Role.objects.filter(name="member"))
    people = [_make_person(run, number, roles, random, now) for number in range(count)]
    return Cast([star, *people] if star else people)


def give_pictures(cast: Cast, *, random: Random, now: datetime) -> None:
    """Give some of the sample people a picture."""
    others = [person for person in cast.people if person.username.startswith(PREFIX)]
    for person in others[: 2 * WITH_PICTURE : 2]:
        image = square_image(portrait(random))
        set_avatar(actor=person, image=image, now=now)


def _make_person(
    run: str, number: int, roles: list[Any], random: Random, now: datetime
) -> User:
    given = random.choice(GIVEN_NAMES)
    language = random.choice(LANGUAGES)
    username = f"{PREFIX}{run}-{number + 1:04d}"
    return add_person(
        actor=None,
        username=username,
        password_hash=hash_password(None),
        now=now,
        roles=roles,
        display_name=f"{given} {number + 1}",
        email=f"{username}@example.com",
        time_zone=random.choice(ZONES),
        language=language.code,
    )
