"""Measure requests in one process, beside the database. Runs inside Django."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from accounts.services.keys import issue_key
from benchmarks.growth.rows import fill
from core.ids import new_id
from core.registry import registry
from todos.models import Label, Todo

ROUNDS = 15
PLAIN_FILES = "django.contrib.staticfiles.storage.StaticFilesStorage"
DEPTHS = (1, 10, 100, 1_000, 2_500, 5_000, 7_500, 10_000)  # numbers of pages of 10
READS = {
    "first page": "todos",
    "by due date": "todos?ordering=due",
    "usual priority, by due date": "todos?priority=0&ordering=due",
    "rare priority": "todos?priority=3",
    "with a due date": "todos?due=any",
    "due in a week": "todos?due_from=2027-01-01&due_to=2027-01-07",
    "overdue": "todos?overdue_at=2026-06-01T00:00:00Z",
    "with a label": "todos?label={label}",
    "search, rare word": "todos?search=zanzibar",
    "search, usual word": "todos?search=water",
    "trash": "todos?state=trashed",
    "with the total": "todos?count=true",
    "lists": "lists",
    "labels": "labels",
    "comments": "todos/{todo}/comments",
    "history": "todos/{todo}/history",
    "events": "events",
    "events of a kind": "events?verb=todo.created",
    "people": "users",
}
PAGES = {
    "admin: todos": "",
    "admin: todos, by due date": "?o=4",
    "admin: finished todos": "?state=finished",
    "admin: todos, searched": "?q=zanzibar",
}


@dataclass
class Person:
    """Someone whose requests are measured."""

    user: User
    key: str
    browser: Client  # one, because to make a client loads all middlewares

    def send(self, method: str, path: str, body: Any = None) -> Any:
        sent = {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(self.browser, method)(
            f"/api/v1/{path}",
            headers={"Authorization": f"Bearer {self.key}"},
            secure=True,
            **(sent if body is not None else {}),
        )
        if answer.status_code >= 400:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.content!r}")
        return answer

    def read(self, path: str) -> Callable[[], object]:
        return lambda: self.send("get", path)

    def open(self, address: str) -> Callable[[], object]:
        fresh = {"Cache-Control": "no-cache"}
        return lambda: self.browser.get(address, secure=True, headers=fresh)


def measure(todos: int) -> str:
    """Fill the empty database; return the times of all requests as JSON.

    Each is [all, database] in milliseconds.
    """
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES |= {"staticfiles": {"BACKEND": PLAIN_FILES}}
    fill(todos)
    many, few = _person("collector"), _person("person-7")
    return json.dumps(
        {
            "owner of many": _reads(many) | _writes(many) | _admin(many),
            "owner of few": _reads(few) | _writes(few),
            "skipping": _depths(many, forget=True),
            "known": _depths(many, forget=False),
        }
    )


def _reads(person: Person) -> dict[str, Any]:
    names = _names(person)
    return {
        name: timed(person.read(path.format(**names))) for name, path in READS.items()
    }


def _names(person: Person) -> dict[str, Any]:
    own = Todo.objects.filter(list__memberships__user=person.user)
    talked = own.filter(comments__gt=0).first() or own.first()
    label = Label.objects.visible_to(person.user).first()
    return {"todo": talked.pk, "label": label.pk if label else new_id()}


def _writes(person: Person) -> dict[str, Any]:
    own = Todo.objects.filter(list__memberships__user=person.user).open()
    one = own.order_by("rank").first()
    other = own.filter(list=one.list_id).order_by("rank")[1]
    numbers = iter(range(1_000_000))
    path = f"todos/{one.pk}"
    todo_list = str(one.list_id)

    def content() -> str:
        return f"Water the plants {next(numbers)}"

    return {
        "add": timed(
            lambda: person.send(
                "post", "todos", {"content": content(), "list": todo_list}
            )
        ),
        "edit": timed(lambda: person.send("patch", path, {"content": content()})),
        "move": timed(
            lambda: person.send(
                "put", f"{path}/position", _beside(other, next(numbers))
            )
        ),
        "finish": timed(
            lambda: person.send("put", f"{path}/finish"),
            before=lambda: person.send("delete", f"{path}/finish"),
        ),
    }


def _beside(todo: Todo, number: int) -> dict[str, str]:
    return {"before" if number % 2 else "after": str(todo.pk)}


def _admin(person: Person) -> dict[str, Any]:
    address = reverse("admin:todos_todo_changelist")
    return {name: timed(person.open(address + query)) for name, query in PAGES.items()}


def _depths(person: Person, *, forget: bool) -> dict[str, Any]:
    """Return the times of pages by their number, with or without known places."""
    before = cache.clear if forget else None
    return {
        str(number): timed(person.read(f"todos?page={number}"), before=before)
        for number in DEPTHS
    }


def timed(
    request: Callable[[], object], *, before: Callable[[], object] | None = None
) -> list[float]:
    """Return the shortest time in all and in the database, in milliseconds.

    Whatever else the machine does can only add to a time.
    """
    if before is None:
        request()
    totals, database = [], []
    for _round in range(ROUNDS):
        if before is not None:
            before()
        with _statements_timed() as spent:
            begin = time.perf_counter()
            request()
            totals.append(time.perf_counter() - begin)
        database.append(sum(spent))
    return [round(min(each) * 1000, 2) for each in (totals, database)]


@contextmanager
def _statements_timed() -> Iterator[list[float]]:
    spent: list[float] = []

    def note(execute: Any, *statement: Any) -> Any:
        begin = time.perf_counter()
        try:
            return execute(*statement)
        finally:
            spent.append(time.perf_counter() - begin)

    with connection.execute_wrapper(note):
        yield spent


def _person(name: str) -> Person:
    """Let the person see all kinds of rows, and sign in."""
    user = User.objects.get(username=name)
    user.groups.set(Role.objects.all())
    browser = Client()
    browser.force_login(user)
    scopes = list(registry.scopes)
    _key, token = issue_key(
        actor=None, user=user, name="growth", scopes=scopes, now=timezone.now()
    )
    return Person(user, token, browser)
