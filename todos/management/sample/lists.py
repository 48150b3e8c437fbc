"""The lists of the sample: one is very large, most are small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from accounts.models import User
from todos.management.sample.cast import Cast
from todos.management.sample.texts import LANGUAGES, Language
from todos.models import Label, MemberRole, TodoList
from todos.services.labels import add_label
from todos.services.lists import add_list
from todos.services.sharing import share_list

YEARS = timedelta(days=3 * 365)
QUIET_AFTER = timedelta(days=120)  # from the beginning
LARGEST = 0.3  # of all todos
ROLES = (MemberRole.EDITOR, MemberRole.EDITOR, MemberRole.VIEWER)
COLOURS = ("#1565c0", "#2e7d32", "#c62828", "#6a1b9a", "#ef6c00", "#37474f")


@dataclass(frozen=True)
class Plan:
    """The properties of a list that is going to be created."""

    name: str
    language: Language
    size: int
    owner: User
    members: list[tuple[User, MemberRole]]
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Scene:
    """A created list, with everything that its todos refer to."""

    plan: Plan
    todo_list: TodoList
    labels: list[Label]
    opens: datetime
    writers: list[User]


def plan_lists(
    *, cast: Cast, count: int, todos: int, random: Random, now: datetime
) -> Iterator[Plan]:
    """Yield plans whose sizes add up to `todos`; the star's list is the largest."""
    for number, size in enumerate(sizes(count, todos)):
        if number == 0:
            owner = cast.star
        elif number % 10 == 9 or number == count - 1:
            owner = cast.quiet
        else:
            owner = random.choice(cast.busy)
        yield _plan(cast, owner, size, random, now)


def sizes(count: int, todos: int) -> list[int]:
    """Return sizes that follow Zipf's law, after a first that is far larger."""
    if count == 1:
        return [todos]
    first = int(todos * LARGEST)
    weights = [1 / (number + 1) ** 0.9 for number in range(count - 1)]
    total = sum(weights)
    others = [int((todos - first) * weight / total) for weight in weights]
    return [todos - sum(others), *others]


def make_list(plan: Plan, random: Random) -> Scene:
    """Create the list with its members and labels, as its owner."""
    at = plan.begins
    made = add_list(
        actor=plan.owner, name=plan.name, colour=random.choice(COLOURS), now=at
    )
    for user, role in plan.members:
        share_list(actor=plan.owner, todo_list=made, user=user, role=role, now=at)
    names = random.sample(plan.language.labels, k=random.randint(2, 6))
    labels = [_make_label(plan.owner, made, name, random, at) for name in names]
    editors = [user for user, role in plan.members if role == MemberRole.EDITOR]
    return Scene(
        plan=plan,
        todo_list=TodoList.objects.get(pk=made.pk),
        labels=labels,
        opens=at,
        writers=[plan.owner, *editors],
    )


def _make_label(
    owner: User, made: TodoList, name: str, random: Random, at: datetime
) -> Label:
    return add_label(
        actor=owner, todo_list=made, name=name, colour=random.choice(COLOURS), now=at
    )


def _plan(cast: Cast, owner: User, size: int, random: Random, now: datetime) -> Plan:
    begins, ends = now - YEARS, now - timedelta(minutes=1)
    if owner in cast.busy:
        begins += (now - begins) * random.random() * 0.9 * (size < 1000)
    else:
        ends = begins + QUIET_AFTER
    others = [person for person in cast.busy if person != owner]
    joining = random.sample(others, k=min(len(others), random.choice((0, 0, 1, 2, 4))))
    language = random.choice(LANGUAGES)
    return Plan(
        name=language.list_name(random),
        language=language,
        size=size,
        owner=owner,
        members=[(person, random.choice(ROLES)) for person in joining],
        begins=begins,
        ends=ends,
    )
