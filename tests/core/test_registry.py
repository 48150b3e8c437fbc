"""The registry: apps are independent, and every declaration is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts.models import User
from core import events
from core.registry import registry
from tests.conftest import NOW

# From core upwards, in the order in which they are installed.
APPS = [settings.BASE_DIR / label for label in registry.apps]
BELOW_TODOS = APPS[: registry.apps.index("todos")]


def sources(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from folder.rglob("*.py")


def test_nothing_below_todos_contains_the_word():
    naming = [
        f"{path.relative_to(settings.BASE_DIR)}:{number}"
        for path in sources(BELOW_TODOS)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if "todo" in line.lower()
    ]
    assert naming == []


def test_core_names_no_other_app():
    naming = [
        f"{path.relative_to(settings.BASE_DIR)}:{node.lineno}"
        for path in sources(APPS[:1])
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.match(r"(accounts|todos|todo_project)\b", node.value)
    ]
    assert naming == []


def test_every_declared_event_is_recorded_somewhere():
    recorded = {
        node.value
        for path in sources(APPS)
        if path.name != "declaration.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
    }
    assert set(registry.event_types) - recorded == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "changes", "named"),
    [
        ("user.promoted", {}, "user.promoted"),
        ("user.changed", {"shoe_size": [42, 43]}, "shoe_size"),
    ],
)
def test_undeclared_events_and_fields_cannot_be_recorded(
    owner: User, verb, changes, named
):
    with pytest.raises(ImproperlyConfigured, match=named), transaction.atomic():
        events.record(actor=owner, verb=verb, target=owner, changes=changes, at=NOW)


@pytest.mark.parametrize(
    ("path", "source", "errors"),
    [
        ("/", "admin", "page"),
        ("/admin/todos/", "admin", "page"),
        ("/api/v1/todos", "api", "problem"),
        ("/apidocs", "admin", "page"),
    ],
)
def test_a_path_belongs_to_the_door_with_the_longest_prefix(path, source, errors):
    door = registry.door_of(path)
    assert (door.source, door.errors) == (source, errors)
