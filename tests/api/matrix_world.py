"""The people of the access matrix and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Model
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, User
from accounts.services.keys import issue_key, revoke_key
from core import events
from core.models import Event, Source
from core.registry import registry
from tests.api.matrix_table import Row
from tests.conftest import make_person
from tests.files.attaching import attach
from tests.images import picture
from tests.matrix_parts import PARTS, rows_of
from todos.models import Membership, TodoList
from todos.services.comments import add_comment
from todos.services.labels import add_label
from todos.services.lists import add_list, trash_list
from todos.services.sharing import share_list
from todos.services.todos import add_todo
from todos.services.trash import trash_todo

PREFIX = "/api/v1/"
QUICK_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Each text of the foreign tenant contains a different canary.
CANARIES = {
    kind: f"canary{kind.replace(' ', '')}"
    for kind in (
        "list name",
        "content",
        "notes",
        "uid",
        "label",
        "comment",
        "file name",
        "username",
        "display name",
        "email",
        "key name",
        "request id",
        "row of another app",
    )
}
MEMBERS = ("owner", "editor", "viewer")
NO_MEMBERS = ("outsider", "manager", "administrator", "auditor")
REFUSED = ("anonymous", "revoked", "disabled")
_SINGULAR = {
    "lists": "list",
    "members": "member",
    "labels": "label",
    "todos": "todo",
    "comments": "comment",
    "attachments": "attachment",
    "users": "user",
    "roles": "role",
    "events": "event",
    "keys": "key",
}
for part in PARTS:
    _SINGULAR |= part.SINGULAR


def endpoints() -> Iterator[tuple[str, str]]:
    """Yield method and readable route of every endpoint that accepts keys."""
    for route, pattern in patterns(get_resolver().url_patterns, "/"):
        if not registry.door_of(route).authentication:
            continue
        view: Any = pattern.callback
        actions = getattr(view, "actions", None)
        methods = actions or [
            name for name in map(str.lower, METHODS) if hasattr(view.cls, name)
        ]
        for method in methods:
            if method.upper() in METHODS:
                yield method.upper(), readable(route.removeprefix(PREFIX))


def collections() -> Iterator[tuple[str, type[Model]]]:
    """Yield the readable route of every list of rows, and the model of the rows."""
    for route, pattern in patterns(get_resolver().url_patterns, "/"):
        view: Any = pattern.callback
        if getattr(view, "actions", {}).get("get") == "list":
            yield readable(route.removeprefix(PREFIX)), view.cls.queryset.model


def readable(route: str) -> str:
    """Return the route with readable names of its parameters."""
    route = re.sub(r"<\w+:(\w+)_pk>", r"{\1}", route)
    return re.sub(r"(\w+)/<\w+:pk>", lambda m: f"{m[1]}/{{{_SINGULAR[m[1]]}}}", route)


def patterns(level: Any, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    """Yield each route with its pattern, from all levels below."""
    for pattern in level:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, route)
        else:
            yield route, pattern


@contextmanager
def built_once(django_db_blocker: Any) -> Iterator[World]:
    """Build the world for all tests of a module; each of their requests is undone."""
    with (
        override_settings(PASSWORD_HASHERS=QUICK_HASHERS),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        yield World()
        transaction.set_rollback(True)


class World:
    """Three tenants: the person's own, the shared list, and the foreign one."""

    def __init__(self) -> None:
        self.people = {name: make_person(name) for name in (*MEMBERS, "outsider")}
        for role in ("manager", "administrator", "auditor"):
            self.people[role] = make_person(role, role)
        for name in ("mate", "roleless", "revoked", "disabled"):
            self.people[name] = make_person(name)
        make_person("newcomer")
        self.shared = self._share()
        self.trashed = self._trash()
        self.foreign = self._foreign()
        self.owns = {name: self._own(user) for name, user in self.people.items()}
        self.clients = {name: client_of(user) for name, user in self.people.items()}
        self.clients["anonymous"] = APIClient()
        self._refuse()

    def _share(self) -> dict[str, Any]:
        owner, editor, mate = (self.people[n] for n in ("owner", "editor", "mate"))
        todo_list = add_list(actor=owner, name="Shared", now=timezone.now())
        for name in ("editor", "viewer", "mate", "roleless", "revoked", "disabled"):
            role = "viewer" if name in {"viewer", "mate"} else "editor"
            self._let_in(todo_list, name, role)
        things = fill(owner, todo_list, commenter=editor)
        member = Membership.objects.get(list=todo_list, user=mate)
        return things | {"member": member.pk, "user": mate.pk, "key": key_of(mate)}

    def _let_in(self, todo_list: TodoList, name: str, role: Any) -> None:
        share_list(
            actor=self.people["owner"],
            todo_list=todo_list,
            user=self.people[name],
            role=role,
            now=timezone.now(),
        )

    def _trash(self) -> dict[str, Any]:
        """Return a trashed list with what is in it, and a trashed todo."""
        owner = self.people["owner"]
        gone = add_list(actor=owner, name="Gone", now=timezone.now())
        things = fill(owner, gone)
        member = Membership.objects.get(list=gone, user=owner).pk
        trash_list(actor=owner, todo_list=gone, now=timezone.now())
        shared = TodoList.objects.get(pk=self.shared["list"])
        todo = add_todo(
            actor=owner, todo_list=shared, content="Trashed", now=timezone.now()
        )
        comment = add_comment(actor=owner, todo=todo, text="No", now=timezone.now())
        attachment = attach(owner, todo, now=timezone.now())
        trash_todo(actor=owner, todo=todo, now=timezone.now())
        trashed = {"member": member, "todo": todo.pk, "comment": comment.pk}
        return things | trashed | {"attachment": attachment.pk}

    def _foreign(self) -> dict[str, Any]:
        with events.origin(Source.API, CANARIES["request id"]):
            stranger = make_person(
                CANARIES["username"],
                display_name=CANARIES["display name"],
                email=f"{CANARIES['email']}@example.com",
            )
            todo_list = add_list(
                actor=stranger, name=CANARIES["list name"], now=timezone.now()
            )
            texts: dict[str, Any] = dict(CANARIES)
            things = fill(stranger, todo_list, **texts)
            key = key_of(stranger, CANARIES["key name"])
        member = Membership.objects.get(list=todo_list, user=stranger)
        return things | {"member": member.pk, "user": stranger.pk, "key": key}

    def _own(self, person: User) -> dict[str, Any]:
        user = with_every_permission(
            person
        )  # an auditor's role alone cannot create lists
        todo_list = add_list(actor=user, name="Own", now=timezone.now())
        things = fill(user, todo_list)
        member = Membership.objects.get(list=todo_list, user=user)
        return things | {"member": member.pk, "user": user.pk, "key": key_of(user)}

    def _refuse(self) -> None:
        self.people["disabled"].is_active = False
        self.people["disabled"].save()
        for key in self.people["revoked"].api_keys.all():
            revoke_key(actor=None, key=key, now=timezone.now())
        self.people["roleless"].groups.clear()

    def trashed_for(self, row: Row) -> dict[str, Any]:
        """Return the trashed list; for a todo and its comments, the trashed todo."""
        if row.endpoint.startswith("todos/{todo}"):
            return self.trashed | {"list": self.shared["list"]}
        return self.trashed

    def object_for(self, person: str, which: str) -> dict[str, Any]:
        """Return the ids of everything of the person's own, shared, …"""
        if which == "own":
            return self.owns[person]
        if which == "unknown":
            return unknown()
        things: dict[str, Any] = getattr(self, which)
        return things


def fill(
    user: User, todo_list: TodoList, commenter: User | None = None, **texts: Any
) -> dict[str, Any]:
    """Put two todos, a comment and a label into the list; return their ids."""
    now = timezone.now()
    label = add_label(
        actor=user, todo_list=todo_list, name=texts.get("label", "red"), now=now
    )
    todo = add_todo(
        actor=user,
        todo_list=todo_list,
        content=texts.get("content", "First"),
        notes=texts.get("notes", "Notes"),
        uid=texts.get("uid", ""),
        labels=[label],
        now=now,
    )
    other = add_todo(actor=user, todo_list=todo_list, content="Second", now=now)
    comment = add_comment(
        actor=commenter or user, todo=todo, text=texts.get("comment", "Yes"), now=now
    )
    attachment = attach(user, todo, name=texts.get("file name", "plan.txt"), now=now)
    event = Event.objects.about("todo", todo.pk).get()
    others = rows_of(user, texts.get("row of another app", "Third"))
    return {name: row.pk for name, row in others.items()} | {
        "list": todo_list.pk,
        "todo": todo.pk,
        "anchor": other.pk,
        "label": label.pk,
        "comment": comment.pk,
        "attachment": attachment.pk,
        "event": event.pk,
        "role": Role.objects.get(name="member").pk,
    }


def with_every_permission(user: User) -> User:
    """Return the person as if they had every permission."""
    copy = User.objects.get(pk=user.pk)
    copy.is_superuser = True  # in memory only
    return copy


def unknown() -> dict[str, Any]:
    """Return ids that no row has."""
    names = {*_SINGULAR.values()} - {"role"}
    return {name: uuid4() for name in names} | {"role": 999_999}


def key_of(user: User, name: str = "a key") -> Any:
    key, _token = issue_key(actor=None, user=user, name=name, now=timezone.now())
    return key.pk


def client_of(user: User, scopes: Any = registry.scopes) -> APIClient:
    """Return a client with a key of these scopes, by default all."""
    _key, token = issue_key(
        actor=None, user=user, name="client", scopes=scopes, now=timezone.now()
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def body_for(method: str, endpoint: str, things: dict[str, Any], anchor: Any) -> Any:
    """Return a body that the endpoint accepts from an authorized person."""
    bodies: dict[str, Any] = {
        "PATCH me": {"display_name": "Another"},
        "PUT me/avatar": picture(),
        "POST me/keys": {"name": "phone", "scopes": ["todos:read"]},
        "PATCH me/keys/{key}": {"encryption_key": None},
        "POST lists": {"name": "New"},
        "PATCH lists/{list}": {"name": "Renamed"},
        "POST lists/{list}/members": {"person": "newcomer", "role": "viewer"},
        "PATCH lists/{list}/members/{member}": {"role": "editor"},
        "POST labels": {"list": str(things["list"]), "name": "blue"},
        "PATCH labels/{label}": {"name": "green"},
        "POST todos": {"list": str(things["list"]), "content": "New"},
        "POST todos/bulk": {"todos": [{"list": str(things["list"]), "content": "New"}]},
        "PUT todos/{todo}": {"content": "Replaced"},
        "PATCH todos/{todo}": {"content": "Changed"},
        "PUT todos/{todo}/position": {"before": str(anchor)},
        "POST todos/{todo}/comments": {"text": "Said"},
        "PATCH todos/{todo}/comments/{comment}": {"text": "Said otherwise"},
        "POST todos/{todo}/attachments": {"content": "of a JSON file"},
        "POST todos/{todo}/comments/{comment}/attachments": {"content": "of a file"},
        "PATCH todos/{todo}/attachments/{attachment}": {"name": "other.txt"},
    }
    for part in PARTS:
        bodies |= part.BODIES
    return bodies.get(f"{method} {endpoint}")
