"""Fill the service that is measured: people, keys, todos. Runs inside Django."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import ApiKey, Role, User
from accounts.services.keys import issue_key
from accounts.services.passwords import PasswordHash, hash_password
from accounts.services.people import add_person
from core.db.bulk import refresh_statistics
from core.ids import new_id
from core.registry import registry
from core.timeouts import no_statement_timeout
from tests.todos.million import START, TODOS
from todos.models import Membership, Todo, TodoList
from todos.ranks import ranks_spread
from todos.services.lists import inbox_of
from todos.services.maintenance import count_todos

EACH = 10  # todos of each of the many people


def seed(*, people: int, todos: int, collected: int, password: str) -> str:
    """Add people, and return their keys and the id of a todo as JSON.

    `reader` has so many todos in the inbox, `collector` as many as were `collected`,
    `writer` none, and each of the many people a first page.
    """
    now = timezone.now()
    hashed = hash_password(password)
    reader = _person("reader", "member", now=now, password=hashed)
    writer = _person("writer", "member", now=now, password=hashed)
    _person("auditor", "auditor", now=now, password=hashed)
    rows = _todos(inbox_of(reader, now=now), reader, todos, now)
    Todo.objects.bulk_create(rows, batch_size=1000)
    collector = _person("collector", "member", now=now, password=hashed)
    _collect(inbox_of(collector, now=now), collector, collected)
    keys = _many(people, now)
    with no_statement_timeout():
        count_todos(ids=list(TodoList.objects.values_list("pk", flat=True)))
    refresh_statistics(User, ApiKey, TodoList, Membership, Todo)
    return json.dumps(
        {
            "reader": issue_key(actor=None, user=reader, name="key", now=now)[1],
            "writer": issue_key(actor=None, user=writer, name="key", now=now)[1],
            "collector": issue_key(actor=None, user=collector, name="key", now=now)[1],
            "everyone": keys,
            "todo": str(rows[-1].pk),
        }
    )


def _person(name: str, role: str, *, now: datetime, password: PasswordHash) -> User:
    roles: Any = Role.objects.filter(name=role)
    return add_person(
        actor=None, username=name, password_hash=password, now=now, roles=roles
    )


def _todos(todo_list: TodoList, owner: User, count: int, now: datetime) -> list[Todo]:
    """Return todos in their order, the last one the newest."""
    ranks = ranks_spread(count)
    start = now - timedelta(minutes=count)
    return [
        _stamped(
            Todo(
                pk=(pk := new_id()),
                uid=str(pk),
                list=todo_list,
                content=f"Water the plants, part {number}",
                priority=number % 4,
                rank=rank,
            ),
            owner,
            start + timedelta(minutes=number),
        )
        for number, rank in enumerate(ranks)
    ]


def _collect(todo_list: TodoList, owner: User, count: int) -> None:
    """Add very many todos, which only PostgreSQL makes quickly."""
    if not count:
        return
    values: dict[str, Any] = {
        "lists": [todo_list.pk],
        "owner": owner.pk,
        "assignee": owner.pk,
    }
    span = {"first": 1, "last": count, "start": START}
    with no_statement_timeout(), connection.cursor() as cursor:
        cursor.execute(TODOS, values | span)


def _many(count: int, now: datetime) -> list[str]:
    """Add people as the services do, but in bulk and without events."""
    people = [_stamped(User(username=f"person-{n}"), None, now) for n in range(count)]
    inboxes = [
        _stamped(TodoList(name="Inbox", inbox_of=person), person, now)
        for person in people
    ]
    pairs = list(zip(people, inboxes, strict=True))
    rows = [row for owner, inbox in pairs for row in _todos(inbox, owner, EACH, now)]
    keys = [
        _stamped(
            ApiKey(user=person, name="key", scopes=sorted(registry.default_scopes)),
            None,
            now,
        )
        for person in people
    ]
    tokens = [key.set_new_secret() for key in keys]
    member: Any = Role.objects.get(name="member")
    _create(User, people)
    _create(User.groups.through, [_membership(person, member) for person in people])
    _create(TodoList, _with_last_rank(inboxes))
    _create(Membership, [_owner(owner, inbox, now) for owner, inbox in pairs])
    _create(Todo, rows)
    _create(ApiKey, keys)
    return tokens


def _create(model: Any, rows: Iterable[Any]) -> None:
    model._default_manager.bulk_create(list(rows), batch_size=1000)


def _membership(person: User, role: Role) -> Any:
    return User.groups.through(user_id=person.pk, group_id=role.pk)


def _owner(person: User, inbox: TodoList, now: datetime) -> Membership:
    membership = Membership(list=inbox, user=person, role="owner")
    membership.stamp(by=person, at=now)
    return membership


def _with_last_rank(inboxes: list[TodoList]) -> list[TodoList]:
    last = ranks_spread(EACH)[-1]
    for inbox in inboxes:
        inbox.last_rank = last
    return inboxes


def _stamped(row: Any, by: User | None, at: datetime) -> Any:
    row.stamp(by=by, at=at)
    return row
